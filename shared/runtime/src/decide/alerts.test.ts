import { describe, expect, test } from "vitest";
import type { AlertRule, AlertSignal, AlertState } from "../alert.ts";
import { noAddressees } from "../alert.ts";
import type { StoredEvent } from "../event.ts";
import type { Run } from "../storage.ts";
import { newRun } from "../storage-contract.testsuite.ts";
import { degradedSignal, eventSignals, tickSignal } from "./alert-signals.ts";
import { type AlertFacts, type AlertWindows, decideAlerts, staleMs } from "./alerts.ts";
import type { Health } from "./health.ts";

const minute = 60_000;
const rule = (more: Partial<AlertRule> = {}): AlertRule => ({
  name: "r",
  on: ["asset_failed", "freshness"],
  severity: "warn",
  channels: ["ops"],
  owners: false,
  recovered: true,
  ...more,
});
const signal = (subject: string, at: number, more: Partial<AlertSignal> = {}): AlertSignal => ({
  event: "asset_failed",
  subject,
  good: false,
  severity: "error",
  at,
  title: `Asset ${subject} failed`,
  assets: [subject],
  ...more,
});
const good = (subject: string, at: number, more: Partial<AlertSignal> = {}) =>
  signal(subject, at, { good: true, title: `Asset ${subject} succeeded`, ...more });

/** Looks at signals one after the other, as the daemon does; answers `time channel kind title` of each message. */
function watch(rules: AlertRule[], facts: Partial<AlertFacts> = {}) {
  let open = new Map<string, AlertState>();
  let windows: AlertWindows = {};
  const look = (now: number, ...signals: AlertSignal[]) => {
    const decision = decideAlerts({
      rules,
      signals,
      open,
      windows,
      now,
      concerns: () => true,
      mutedUntil: () => undefined,
      gone: () => false,
      limitOf: () => ({ max: 100, perMs: minute }),
      addressed: () => ({ owners: [], to: noAddressees }),
      urlOf: () => null,
      ...facts,
    });
    open = new Map([...open].filter(([key]) => !decision.closed.includes(key)));
    for (const alert of decision.alerts) open.set(alert.key, alert);
    windows = decision.windows;
    return { ...decision, told: decision.messages.map(({ channel, message }) => `${channel} ${message.kind} ${message.title}`) };
  };
  return { look, open: () => open };
}

describe("what is told", () => {
  test("a thing that is bad is told once until it is good again; then its recovery, and a new failure anew", () => {
    const { look } = watch([rule()]);
    expect(look(0, signal("a", 0)).told).toEqual(["ops opened Asset a failed"]);
    expect(look(1, signal("a", 1), signal("b", 1)).told).toEqual(["ops opened Asset b failed"]);
    expect(look(2, good("a", 2)).told).toEqual(["ops recovered Recovered: Asset a succeeded"]);
    expect(look(3, good("a", 3)).told).toEqual([]);
    expect(look(4, signal("a", 4)).told).toEqual(["ops opened Asset a failed"]);
  });
  test("the same facts give the same ids, another failure another id", () => {
    const ids = () => {
      const { look } = watch([rule()]);
      return [look(0, signal("a", 0)), look(2, good("a", 2)), look(4, signal("a", 4))].flatMap((one) =>
        one.messages.map(({ message }) => message.id),
      );
    };
    expect(ids()).toEqual(ids());
    expect(new Set(ids()).size).toBe(3);
  });
  test("what gets worse is told again, what gets better is not", () => {
    const { look } = watch([rule()]);
    const stale = (at: number, severity: "warn" | "error") =>
      signal("a", at, { event: "freshness", severity, title: `a ${severity}` });
    expect(look(0, stale(0, "warn")).told).toEqual(["ops opened a warn"]);
    expect(look(1, stale(1, "error")).told).toEqual(["ops worse a error"]);
    expect(look(2, stale(2, "warn")).told).toEqual([]);
  });
  test("a rule for errors hears no warning, and one that becomes a warning has recovered", () => {
    const { look } = watch([rule({ severity: "error" })]);
    expect(look(0, signal("a", 0, { severity: "warn" })).told).toEqual([]);
    expect(look(1, signal("a", 1)).told).toEqual(["ops opened Asset a failed"]);
    expect(look(2, signal("a", 2, { severity: "warn" })).told).toEqual(["ops recovered Recovered: Asset a failed"]);
  });
  test("reminders come while it is bad, at their time, and say when to look again", () => {
    const { look } = watch([rule({ remindEveryMs: 10 * minute })]);
    expect(look(0, signal("a", 0)).next).toBe(10 * minute);
    expect(look(9 * minute).told).toEqual([]);
    expect(look(10 * minute)).toMatchObject({ told: ["ops reminder Asset a failed"], next: 20 * minute });
    look(11 * minute, good("a", 11 * minute));
    expect(look(20 * minute)).toMatchObject({ told: [], next: undefined });
  });
  test("a rule without recovery notices tells none", () => {
    const { look } = watch([rule({ recovered: false })]);
    look(0, signal("a", 0));
    expect(look(1, good("a", 1)).told).toEqual([]);
  });
  test("a failure that is a day old when it is first seen is no news", () => {
    const { look } = watch([rule()]);
    expect(look(staleMs + 1, signal("a", 0)).told).toEqual([]);
    expect(look(staleMs, signal("b", 0)).told).toHaveLength(1);
  });
  test("alerts of a rule that is gone, or of a thing that is gone, end without a word", () => {
    const rules = [rule()];
    const { look, open } = watch(rules, { gone: (alert) => alert.subject === "b" });
    look(0, signal("a", 0));
    look(1, signal("b", 1));
    expect(look(2).told).toEqual([]);
    expect([...open().keys()]).toEqual(["r|asset_failed|a"]);
    rules.pop();
    expect(look(3).told).toEqual([]);
    expect(open().size).toBe(0);
  });
  test("a channel that fails is told on the others", () => {
    const { look } = watch([rule({ on: ["channel_failed"], channels: ["slack", "mail"] })]);
    const failed = signal("slack", 0, { event: "channel_failed", title: "slack fails", assets: [] });
    expect(look(0, failed).told).toEqual(["mail opened slack fails"]);
    expect(look(1, { ...failed, good: true, at: 1 }).told).toEqual(["mail recovered Recovered: slack fails"]);
  });
});

describe("mutes", () => {
  test("what is muted is kept; when the mute ends and it is still bad, it is told", () => {
    let until: number | undefined = 100;
    const { look, open } = watch([rule()], { mutedUntil: () => until });
    expect(look(0, signal("a", 0), signal("b", 0))).toMatchObject({ told: [], next: 100 });
    expect(look(50, good("b", 50)).told).toEqual([]);
    expect([...open().values()].map((alert) => alert.toldAt)).toEqual([null]);
    until = undefined;
    expect(look(100).told).toEqual(["ops opened Asset a failed"]);
  });
});

describe("rate limits", () => {
  const limit = { max: 3, perMs: minute };
  const burst = (count: number, at: number) => Array.from({ length: count }, (_, index) => signal(`a${index}`, at));
  test("a burst becomes the first messages and one that tells how many more", () => {
    const { look } = watch([rule()], { limitOf: () => limit });
    const first = look(0, ...burst(40, 0));
    expect(first.told).toHaveLength(3);
    expect(first.next).toBe(minute);
    expect(look(30_000).told).toEqual([]);
    const summary = look(minute).messages;
    expect(summary.map(({ message }) => message.title)).toEqual(["…and 37 more"]);
    expect(summary[0]!.message.more).toHaveLength(10);
    expect(summary[0]!.message.more[0]).toBe("Asset a3 failed");
    expect(look(2 * minute)).toMatchObject({ told: [], next: undefined });
  });
  test("a channel's limit counts all rules, a rule's own limit counts it alone", () => {
    const noisy = rule({ name: "noisy", rateLimit: { max: 1, perMs: minute } });
    const { look } = watch([noisy, rule({ name: "calm" })]);
    expect(look(0, ...burst(2, 0)).told.filter((line) => line.includes("a0"))).toHaveLength(2);
    expect(look(minute).told).toEqual(["ops summary …and 1 more"]);
  });
  test("nothing is lost or doubled however signals and looks fall (seeded)", () => {
    let seed = 42;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % below;
    };
    const { look } = watch([rule()], { limitOf: () => ({ max: 2, perMs: 1_000 }) });
    let told = 0;
    let opened = 0;
    const bad = new Set<string>();
    for (let now = 0; now < 200_000; now += random(400)) {
      const name = `a${random(20)}`;
      const fails = random(2) === 0;
      if (fails !== bad.has(name)) opened++;
      if (fails) bad.add(name);
      else bad.delete(name);
      const { messages } = look(now, fails ? signal(name, now) : good(name, now));
      for (const { message } of messages) told += message.kind === "summary" ? message.count : 1;
    }
    for (const { message } of look(300_000).messages) told += message.kind === "summary" ? message.count : 1;
    expect(told).toBe(opened);
  });
});

describe("what events say", () => {
  const run: Run = { ...newRun("r1"), status: "failed", connections: {}, startedAt: 1, endedAt: 2, reason: null };
  const event = (more: Partial<StoredEvent>): StoredEvent => ({ id: 1, type: "log", at: 5, runId: "r1", ...more });
  const told = (more: Partial<StoredEvent>, of: Run = run) =>
    eventSignals([event(more)], () => of).map((one) => `${one.event} ${one.subject} ${one.good ? "good" : one.severity}`);

  test("runs of the same job, or of the same assets, are one thing", () => {
    expect(told({ type: "run_failed" })).toEqual(["run_failed team/a error"]);
    expect(told({ type: "run_succeeded" })).toEqual(["run_failed team/a good"]);
    expect(told({ type: "run_failed" }, { ...run, tags: { "kc/job": "daily" } })).toEqual(["run_failed team/job:daily error"]);
    expect(told({ type: "run_cancelled" })).toEqual([]);
  });
  test("runs of checks alone are about their checks", () => {
    const ofCheck = (name: string) => {
      const step = { key: name, name, needs: [], assets: [], checks: [name] };
      return { ...run, plan: { ...run.plan, assets: [], steps: [step] } } as unknown as Run;
    };
    expect(told({ type: "run_failed" }, ofCheck("a:rows"))).toEqual(["run_failed team/a:rows error"]);
    expect(told({ type: "run_succeeded" }, ofCheck("b:rows"))).toEqual(["run_failed team/b:rows good"]);
  });
  test("assets, checks and freshness each with their severity", () => {
    expect(told({ type: "step_failed", asset: "a" })).toEqual(["asset_failed a error"]);
    expect(told({ type: "step_succeeded", asset: "a" })).toEqual(["asset_failed a good"]);
    expect(told({ type: "step_failed", asset: "a", fields: { cancelled: true } })).toEqual([]);
    expect(told({ type: "step_failed", asset: "a", partition: "x" })).toEqual(["asset_failed a [x] error"]);
    const check = { name: "rows", passed: false, severity: "WARN" as const, blocking: false };
    expect(told({ type: "check_result", asset: "a", check })).toEqual(["check_failed a#rows warn"]);
    expect(told({ type: "freshness", asset: "a", state: "warn" })).toEqual(["freshness a warn"]);
    expect(told({ type: "freshness", asset: "a", state: "fail" })).toEqual(["freshness a error"]);
    expect(told({ type: "freshness", asset: "a", state: "fresh" })).toEqual(["freshness a good"]);
  });
  test("a check is a thing of its own for each partition; those that fail in a backfill are one", () => {
    const result = (passed: boolean, partition?: string) => ({
      ...{ type: "check_result" as const, asset: "a", runId: "r", ...(partition ? { partition } : {}) },
      check: { name: "rows", passed, severity: "ERROR" as const, blocking: false },
    });
    const said = (passed: boolean, partition?: string, run?: Run) =>
      eventSignals([{ id: 7, at: 1, ...result(passed, partition) }], () => run).map((one) => `${one.subject}: ${one.title}`);
    expect(said(false)).toEqual(["a#rows: Check rows of a failed"]);
    expect(said(false, "2026-01-01")).toEqual(["a#rows [2026-01-01]: Check rows of a [2026-01-01] failed"]);
    expect(said(true, "2026-01-01")).toEqual(["a#rows [2026-01-01]: Check rows of a [2026-01-01] passed"]);
    const filling = { ...newRun("r"), tags: { "kc/backfill": "b1" } } as unknown as Run;
    expect(said(false, "2026-01-01", filling)).toEqual(["a#rows in backfill:b1: Check rows of a in backfill:b1 failed"]);
    expect(said(true, "2026-01-02", filling)).toEqual(["a#rows [2026-01-02]: Check rows of a [2026-01-02] passed"]);
  });
  test("an asset is degraded with every reason that its health has, and healthy again without", () => {
    const health = (status: Health["status"], ...texts: string[]): Health => ({
      status,
      reasons: [
        ...texts.map((text) => ({ of: "checks" as const, status, text })),
        { of: "freshness", status: "healthy", text: "it is fresh" },
      ],
    });
    expect(degradedSignal("a", health("degraded", "one", "two"), 1)).toMatchObject({
      good: false,
      severity: "error",
      title: "Asset a is degraded",
      message: "one\ntwo",
    });
    expect(degradedSignal("a", health("warning", "one"), 1)).toMatchObject({ good: false, severity: "warn" });
    expect(degradedSignal("a", health("healthy"), 1)).toMatchObject({ good: true, title: "Asset a is healthy" });
    expect(degradedSignal("a", { status: "unknown", reasons: [] }, 1)).toMatchObject({ good: true });
  });
  test("a tick is told by the schedule's or sensor's name", () => {
    const tick = {
      location: "l",
      name: "s",
      type: "schedule" as const,
      status: "failed" as const,
      at: 1,
      endedAt: 2,
      error: "no",
    };
    expect(tickSignal(tick)).toMatchObject({ subject: "l/s", good: false, message: "no", title: "Schedule l/s failed" });
    expect(tickSignal({ ...tick, status: "skipped" })).toMatchObject({ good: true });
  });
});
