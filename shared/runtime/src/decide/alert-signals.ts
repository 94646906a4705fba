import type { AlertSeverity, AlertSignal } from "../alert.ts";
import type { Backfill } from "../backfill.ts";
import { isCancelled, type StoredEvent } from "../event.ts";
import type { Run, Tick } from "../storage.ts";
import type { Health } from "./health.ts";

/** Runs of one backfill are told as one thing. */
export const backfillTag = "kc/backfill";

/**
 * What the log's events say about things that are bad or good again, in order. Each partition is a thing of its own. Runs of
 * a backfill are told by `backfillSignals`, what was cancelled not at all.
 */
export function eventSignals(events: readonly StoredEvent[], runOf: (id: string) => Run | undefined): AlertSignal[] {
  return events.flatMap((event): AlertSignal[] => {
    const { at, asset, runId } = event;
    const run = runId ? runOf(runId) : undefined;
    const about = { at, eventId: event.id, ...(runId ? { runId } : {}), ...(run ? { location: run.location } : {}) };
    const partition = event.partition ? { partition: event.partition } : {};
    const named = event.partition ? `${asset} [${event.partition}]` : (asset ?? "");
    switch (event.type) {
      case "run_failed":
      case "run_succeeded": {
        if (!run || run.tags[backfillTag]) return [];
        const { subject, name } = runSubject(run);
        return [
          {
            ...about,
            event: "run_failed",
            subject,
            good: event.type === "run_succeeded",
            severity: "error",
            title: event.type === "run_failed" ? `Run of ${name} failed` : `Run of ${name} succeeded`,
            ...(event.message ? { message: event.message } : {}),
            assets: run.plan.assets,
            ...(run.partition ? { partition: run.partition } : {}),
          },
        ];
      }
      case "step_failed":
        if (!asset || run?.tags[backfillTag] || isCancelled(event)) return [];
        return [
          {
            ...about,
            ...partition,
            event: "asset_failed",
            subject: named,
            good: false,
            severity: "error",
            title: `Asset ${named} failed`,
            ...(event.error ? { message: failure(event.error) } : {}),
            assets: [asset],
          },
        ];
      case "step_succeeded":
        if (!asset) return [];
        return [
          {
            ...about,
            ...partition,
            event: "asset_failed",
            subject: named,
            good: true,
            severity: "error",
            title: `Asset ${named} succeeded`,
            assets: [asset],
          },
        ];
      case "check_result": {
        if (!asset || !event.check) return [];
        const { name, passed, severity, description } = event.check;
        // Partitions that fail in a backfill are one thing; one that passes says nothing of the others.
        const backfill = passed ? undefined : run?.tags[backfillTag];
        const of = backfill ? `${asset} in ${backfillSubject(backfill)}` : named;
        return [
          {
            ...about,
            ...partition,
            event: "check_failed",
            subject: checkSubject(asset, name, backfill ? { backfill } : partition),
            good: passed,
            severity: severity === "WARN" ? "warn" : "error",
            title: `Check ${name} of ${of} ${passed ? "passed" : "failed"}`,
            ...(description ? { message: description } : {}),
            assets: [asset],
          },
        ];
      }
      case "freshness": {
        if (!asset || !event.state) return [];
        const bad = event.state === "warn" || event.state === "fail";
        return [
          {
            ...about,
            event: "freshness",
            subject: asset,
            good: !bad,
            severity: event.state === "warn" ? "warn" : "error",
            title: bad
              ? `Asset ${asset} ${event.state === "warn" ? "is getting stale" : "is stale"}`
              : `Asset ${asset} is ${event.state}`,
            ...(bad ? { message: `Its freshness policy says ${event.state}.` } : {}),
            assets: [asset],
          },
        ];
      }
      default:
        return [];
    }
  });
}

const failure = ({ message, where, hint }: NonNullable<StoredEvent["error"]>): string =>
  [where ? `${message}\n${where}` : message, hint].filter(Boolean).join("\n");

/** Runs of the same job, or of the same assets, are one thing: a later one that succeeds is its recovery. */
function runSubject(run: Run): { subject: string; name: string } {
  const job = run.tags["kc/job"];
  const partition = run.partition ? ` [${run.partition}]` : "";
  if (job) return { subject: `${run.location}/job:${job}${partition}`, name: `job ${job} in ${run.location}${partition}` };
  // A run of checks alone makes no asset: it is about its checks.
  const about = run.plan.assets.length > 0 ? run.plan.assets : run.plan.steps.flatMap((step) => step.checks ?? []);
  const names = [...about].sort();
  const name = names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
  return { subject: `${run.location}/${names.join(",")}${partition}`, name: `${name} in ${run.location}${partition}` };
}

/** What an alert about a check is about: the check of some partitions, of those of a backfill, or of the whole asset. */
export const checkSubject = (asset: string, check: string, of: { partition?: string; backfill?: string } = {}): string =>
  `${asset}#${check}${of.backfill ? ` in ${backfillSubject(of.backfill)}` : of.partition ? ` [${of.partition}]` : ""}`;

export const backfillSubject = (id: string): string => `backfill:${id}`;

/**
 * What a backfill says of its runs and assets, as one thing: a warning once something failed, an error when it ends failed,
 * good when it (or its retry) ends succeeded.
 * @param failed How many partitions could not be made.
 * @param alreadyTold It was told as an error before: it goes on, and that says nothing new.
 */
export function backfillSignals(
  backfill: Backfill,
  { failed, at, eventId, alreadyTold }: { failed: number; at: number; eventId: number; alreadyTold: boolean },
): AlertSignal[] {
  const { id, status, title } = backfill;
  const good = status === "succeeded";
  if (!good && status !== "failed" && (failed === 0 || alreadyTold)) return [];
  if (status === "cancelled" || status === "cancelling") return [];
  const count = `${failed} partition${failed === 1 ? "" : "s"} failed`;
  const bad = Object.keys({ ...backfill.failed, ...backfill.skipped });
  const said = good ? "succeeded" : status === "failed" ? `failed: ${count}` : `goes on, ${count} so far`;
  return (["run_failed", "asset_failed"] as const).map((event) => ({
    event,
    subject: backfillSubject(id),
    good,
    severity: status === "failed" || good ? "error" : "warn",
    at,
    eventId,
    title: `Backfill ${title} (${id}) ${said}`,
    ...(good
      ? {}
      : { message: `${bad.map((key) => `${key}: ${texts(backfill, key)}`).join("\n")}\nkc backfill retry ${id} asks again.` }),
    assets: good || bad.length === 0 ? Object.keys(backfill.targets) : bad,
  }));
}

function texts({ failed, skipped }: Backfill, key: string): string {
  const some = (all: readonly string[] | undefined, what: string) =>
    all ? [`${what}${all.length > 0 ? ` ${all.slice(0, 20).join(", ")}${all.length > 20 ? ", …" : ""}` : ""}`] : [];
  return [...some(failed[key], "failed"), ...some(skipped[key], "left out")].join("; ");
}

/** What an asset's health says, with every reason that is bad. Nothing known is nothing bad. */
export function degradedSignal(key: string, { status, reasons }: Health, at: number): AlertSignal {
  const bad = reasons.filter((one) => one.status === "degraded" || one.status === "warning");
  return {
    event: "asset_degraded",
    subject: key,
    good: bad.length === 0,
    severity: status === "degraded" ? "error" : "warn",
    at,
    title: `Asset ${key} is ${status === "warning" ? "in warning" : status === "unknown" ? "not degraded any more" : status}`,
    ...(bad.length > 0 ? { message: bad.map(({ text }) => text).join("\n") } : {}),
    assets: [key],
  };
}

/** What a schedule's or sensor's last tick that ended says. */
export function tickSignal(tick: Pick<Tick, "location" | "name" | "type" | "status" | "at" | "endedAt" | "error">): AlertSignal {
  const bad = tick.status === "failed";
  return {
    event: "tick_failed",
    subject: `${tick.location}/${tick.name}`,
    good: !bad,
    severity: "error",
    at: tick.endedAt ?? tick.at,
    title: `${tick.type === "schedule" ? "Schedule" : "Sensor"} ${tick.location}/${tick.name} ${bad ? "failed" : "ticks again"}`,
    ...(bad && tick.error ? { message: tick.error } : {}),
    assets: [],
    location: tick.location,
  };
}

/** Something of the platform itself that is bad or good: a location, a daemon loop, a channel. */
export function platformSignal(
  event: "location_failed" | "daemon_unhealthy" | "channel_failed",
  name: string,
  at: number,
  problem: string | undefined,
  severity: AlertSeverity = "error",
): AlertSignal {
  const [what, bad, good] = {
    location_failed: ["Location", "does not load", "loads again"],
    daemon_unhealthy: ["Daemon", "is unhealthy", "is healthy again"],
    channel_failed: ["Alert channel", "does not take messages", "takes messages again"],
  }[event] as [string, string, string];
  return {
    event,
    subject: name,
    good: problem === undefined,
    severity,
    at,
    title: `${what} ${name} ${problem === undefined ? good : bad}`,
    ...(problem ? { message: problem } : {}),
    assets: [],
    ...(event === "location_failed" ? { location: name } : {}),
  };
}
