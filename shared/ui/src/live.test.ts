import type { RunEvent } from "@kc/host/client";
import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { describe, expect, test } from "vitest";
import { append, refresher, staleAfter, staleOf } from "./live.ts";
import { stepSpans } from "./parts/step-timeline.tsx";
import { span } from "./parts/time.tsx";

describe("live updates", () => {
  test("a log line makes no query stale", () => {
    expect(staleAfter({ type: "log" })).toEqual([]);
  });
  test("a step's change makes its run stale and not the list of all runs: what it waits for stands there, and in the pools", () => {
    expect(staleAfter({ type: "step_waiting", runId: "r" })).toEqual([["runs", "r"], ["assets"], ["pools"]]);
  });
  test("ticks, alerts and pools are no events of the log, and are told apart", () => {
    expect(staleOf("ticks")).toContainEqual(["instigators"]);
    expect(staleOf("alerts")).toEqual([["alerts"]]);
  });
  test("a run's change makes runs, assets, automation and alerts stale", () => {
    const stale = [["runs"], ["assets"], ["instigators"], ["alerts"], ["pools"], ["failures"]];
    expect(staleAfter({ type: "run_succeeded" })).toEqual(stale);
  });
  test.each(["run_failed", "backfill", "materialization", "wiped", "check_result"])(
    "%s may end a failure, or begin one",
    (type) => {
      expect(staleAfter({ type })).toContainEqual(["failures"]);
    },
  );
});

describe("what is fetched anew", () => {
  test("rests for a while when it takes long, however many events come; other queries do not wait for it", async () => {
    const client = new QueryClient();
    let clock = 0;
    const fetched: string[] = [];
    const stops = ["slow", "quick"].map((name) => {
      const queryFn = async () => {
        fetched.push(name);
        if (name === "slow") clock += 1_000;
        return fetched.length;
      };
      return new QueryObserver(client, { queryKey: [name], queryFn, staleTime: Number.POSITIVE_INFINITY }).subscribe(() => {});
    });
    await expect.poll(() => fetched).toEqual(["slow", "quick"]);
    const live = refresher(client, 1, () => clock);
    live.mark(["slow"]);
    await expect.poll(() => fetched.length).toBe(3);
    live.mark(["slow"], ["quick"]);
    await expect.poll(() => fetched).toEqual(["slow", "quick", "slow", "quick"]);
    clock += 3_999;
    live.mark(["quick"]);
    await expect.poll(() => fetched.length).toBe(5);
    expect(fetched.filter((name) => name === "slow")).toHaveLength(2);
    clock += 1;
    await expect.poll(() => fetched.filter((name) => name === "slow").length).toBe(3);
    live.stop();
    for (const stop of stops) stop();
    client.clear();
  });
});

describe("a run's log", () => {
  const event = (id: number) => ({ id, type: "log", at: "2026-01-01T00:00:00.000Z", runId: "r" }) as RunEvent;
  test("keeps an event that came while the log was being fetched, though that answer is older", async () => {
    const client = new QueryClient();
    const answers: ((events: RunEvent[]) => void)[] = [];
    const queryFn = () => new Promise<RunEvent[]>((resolve) => answers.push(resolve));
    const stop = new QueryObserver(client, { queryKey: ["events", "r"], queryFn, staleTime: Number.POSITIVE_INFINITY }).subscribe(
      () => {},
    );
    const live = refresher(client, 1);
    const log = () => client.getQueryData<RunEvent[]>(["events", "r"])?.map((one) => one.id);
    expect(append(client, "r", event(2))).toBe(false);
    live.mark(["events", "r"]);
    answers[0]!([event(1)]);
    await expect.poll(() => answers.length).toBe(2);
    answers[1]!([event(1), event(2)]);
    await expect.poll(log).toEqual([1, 2]);
    expect(append(client, "r", event(3))).toBe(true);
    expect(append(client, "r", event(3))).toBe(true);
    expect(log()).toEqual([1, 2, 3]);
    live.stop();
    stop();
    client.clear();
  });
});

describe("stepSpans()", () => {
  const event = (type: string, second: number, step = "a") => ({
    id: second,
    type,
    at: `2026-01-01T00:00:0${second}.000Z`,
    step,
  });
  test("a step spans from its first try to its end and counts its tries", () => {
    const [a, b] = stepSpans(
      [{ key: "a" }, { key: "b" }],
      [event("step_started", 1), event("step_retry", 2), event("step_started", 3), event("step_succeeded", 4)],
    );
    expect(a).toMatchObject({
      status: "succeeded",
      attempts: 2,
      from: Date.parse("2026-01-01T00:00:01Z"),
      to: Date.parse("2026-01-01T00:00:04Z"),
    });
    expect(b).toMatchObject({ status: "queued", from: undefined });
  });
  test("a step that its run's cancelling ended is cancelled, not failed; one that waits says so", () => {
    const failed = event("step_failed", 2);
    const spans = stepSpans(
      [{ key: "a" }, { key: "b" }, { key: "c" }],
      [
        event("step_started", 1),
        { ...failed, fields: { cancelled: true } },
        event("step_waiting", 1, "b"),
        event("step_started", 1, "c"),
        { ...failed, step: "c" },
      ],
    );
    expect(spans.map((one) => one.status)).toEqual(["cancelled", "waiting", "failed"]);
  });
});

test("a span of time reads as a person says it", () => {
  expect([0, 999, 1_400, 65_000, 600_000].map(span)).toEqual(
    ["0 ms", "999 ms", "1.4 s", "65 s", "10 min"].map((text) => text.replace(" ", "\u00a0")),
  );
});
