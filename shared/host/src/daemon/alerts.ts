import {
  type AlertSignal,
  type AlertState,
  type AlertWindows,
  assetHealth,
  decideAlerts,
  degradedSignal,
  eventSignals,
  maxRetriesOf,
  type NewEvent,
  platformSignal,
  type Run,
  type RunRetryPolicy,
  type StoredEvent,
  type Tick,
  tickSignal,
  type WorkspaceGraph,
} from "@kc/runtime/internal";
import { readMutes } from "../alerts/mutes.ts";
import { limitOf, ownersOf, ruleScopes, rulesOf } from "../alerts/rules.ts";
import type { AlertsSettings } from "../alerts/settings.ts";
import { healthInput } from "../health.ts";
import { backfillsTold, goneBackfills, isRemoved, mended, mendedChecks, noSwitches, switchesOf } from "./alert-mends.ts";
import type { DaemonContext } from "./context.ts";
import { retryDecision } from "./run-retries.ts";

const cursorName = "alerts.cursor";
const windowsName = "alerts.windows";
const watched: NewEvent["type"][] = [
  "run_failed",
  "run_retry_cancelled",
  "run_succeeded",
  "step_failed",
  "step_succeeded",
  "check_result",
  "materialization",
  "freshness",
  "backfill",
  "wiped",
];
/** A page of the log at one look. */
const page = 1_000;

export interface AlertsOptions {
  settings: AlertsSettings;
  retries: RunRetryPolicy;
  /** What is wrong with each daemon loop, by name; undefined: nothing. */
  daemons(now: number): ReadonlyMap<string, string | undefined>;
  /** Why the last automation evaluation failed, if it did: it has no ticks of its own. */
  automationError(): string | undefined;
  /** The last tick of every schedule and sensor that has ended, oldest first. */
  lastTicks(): Promise<readonly Tick[]>;
  /** There is something to deliver. */
  deliver(): void;
}

/** Position in the log up to which alerts have looked. Where alerts are new, what happened before is no news. */
export async function beginAlerts({ storage }: DaemonContext, settings: AlertsSettings): Promise<number> {
  const cursor = settings.rules.length > 0 ? await storage.getValue(cursorName) : "0";
  if (cursor !== null) return Number(cursor);
  const last = await storage.lastEventId();
  await storage.setValue(cursorName, String(last));
  return last;
}

/**
 * One look at everything alerts are about: new events of the log, the last ticks, locations, daemon loops, channels. What
 * is to be told is stored with the position in the log as one. Answers when to look again.
 */
export async function tickAlerts(context: DaemonContext, options: AlertsOptions): Promise<number | undefined> {
  const { storage, clock, workspace } = context;
  const { settings } = options;
  const rules = rulesOf(settings);
  if (rules.length === 0) return undefined;
  const now = clock.now();
  const cursor = await beginAlerts(context, settings);
  const events = await storage.readEvents({ after: cursor, types: watched, limit: page });
  const runs = new Map<string, Run>();
  for (const id of new Set(events.flatMap((event) => event.runId ?? []))) {
    const run = await storage.getRun(id);
    if (run) runs.set(id, run);
  }
  const on = new Set(rules.flatMap((rule) => rule.on));
  const graph = workspace.graph();
  const open = await storage.alerts();
  const final = await lastWords(context, options.retries, events, runs);
  const signals = [
    ...eventSignals(final, (id) => runs.get(id)),
    ...(await backfillsTold(context, open, final)),
    ...(await mended(context, open, final)),
    ...(await mendedChecks(context, open, final)),
  ];
  const gone = await goneBackfills(context, open);
  // Read only where an open alert may end by them: this comes with every tick that ends.
  const depends = [...open.values()].some(({ event }) => event === "tick_failed" || event === "freshness");
  const switches = depends ? await switchesOf(context) : noSwitches;
  if (on.has("asset_degraded")) signals.push(...(await degraded(context, final, open)));
  if (on.has("tick_failed")) {
    // Told once, from success to failure and back.
    for (const tick of await options.lastTicks()) if (workspace.location(tick.location)) signals.push(tickSignal(tick));
    const error = options.automationError();
    signals.push({
      ...platformSignal("daemon_unhealthy", "automation", now, error),
      event: "tick_failed",
      subject: "automation",
      title: error === undefined ? "Automation evaluates again" : "Automation failed to evaluate",
    });
  }
  if (on.has("location_failed"))
    for (const { entry, status, error } of workspace.locations())
      if (status === "error") signals.push(platformSignal("location_failed", entry.name, now, located(error)));
      else if (status === "loaded") signals.push(platformSignal("location_failed", entry.name, now, undefined));
  if (on.has("daemon_unhealthy"))
    for (const [name, problem] of options.daemons(now)) signals.push(platformSignal("daemon_unhealthy", name, now, problem));
  if (on.has("channel_failed")) signals.push(...(await channels(context, settings)));

  const windows = JSON.parse((await storage.getValue(windowsName)) ?? "{}") as AlertWindows;
  const mutes = await readMutes(storage, now);
  const decision = decideAlerts({
    rules,
    signals: signals.filter((signal) => !repeats(open, signal)).map((signal) => placed(graph, signal)),
    open,
    windows,
    now,
    ...ruleScopes(graph, mutes, now),
    gone: (alert) =>
      gone.has(alert.subject) ||
      isRemoved(context, alert, switches) ||
      (alert.event === "location_failed" && !workspace.location(alert.subject)) ||
      (alert.event === "channel_failed" && !settings.channels[alert.subject]),
    limitOf: (channel) => limitOf(settings, channel),
    addressed: (rule, assets) => ownersOf(graph, settings.teams, rule, assets),
    urlOf: (alert) => (settings.ui_url ? `${settings.ui_url.replace(/\/$/, "")}${pageOf(alert)}` : null),
  });
  const before = JSON.stringify(windows);
  const after = JSON.stringify(decision.windows);
  const last = events.at(-1)?.id;
  if (decision.alerts.length + decision.closed.length + decision.messages.length > 0 || last !== undefined || before !== after)
    await storage.decide({
      alerts: decision.alerts,
      closed: decision.closed,
      deliveries: decision.messages.map(({ channel, message }) => ({
        id: `${message.id}|${channel}`,
        kind: "alert",
        channel,
        body: JSON.stringify(message),
        createdAt: now,
      })),
      values: {
        ...(last === undefined ? {} : { [cursorName]: String(last) }),
        ...(before === after ? {} : { [windowsName]: after }),
      },
    });
  if (decision.messages.length > 0) options.deliver();
  if (events.length === page) return now;
  return decision.next;
}

/** What is said of assets of one location is said of the location, also when no run says it. */
function placed({ assets }: WorkspaceGraph, signal: AlertSignal): AlertSignal {
  const [location, ...others] = new Set(signal.assets.flatMap((key) => assets.get(key)?.location ?? []));
  return signal.location || !location || others.length > 0 ? signal : { ...signal, location };
}

/** Events without the failures of runs that are tried again; those of the last try count once its run has ended. */
async function lastWords(
  context: DaemonContext,
  policy: RunRetryPolicy,
  events: readonly StoredEvent[],
  runs: ReadonlyMap<string, Run>,
): Promise<StoredEvent[]> {
  const final: StoredEvent[] = [];
  for (const event of events) {
    const run = event.runId ? runs.get(event.runId) : undefined;
    const retried = run !== undefined && maxRetriesOf(run.tags, policy) > 0;
    const failed = event.type === "run_failed" || event.type === "run_retry_cancelled";
    if (!retried || (event.type !== "step_failed" && !failed)) final.push(event);
    else if (failed && !(await retryDecision(context, run, policy)).retry)
      final.push(...(await context.storage.readEvents({ runId: run.id, types: ["step_failed", "run_failed"], limit: 10_000 })));
  }
  return final;
}

/** A level that is bad as it was at the last look did not happen again. Events are told one by one. */
function repeats(open: ReadonlyMap<string, AlertState>, signal: AlertSignal): boolean {
  const level = ["tick_failed", "location_failed", "daemon_unhealthy", "channel_failed", "asset_degraded"].includes(signal.event);
  if (!level || signal.good) return false;
  const same = [...open.values()].filter((alert) => alert.event === signal.event && alert.subject === signal.subject);
  return same.length > 0 && same.every((alert) => alert.severity === signal.severity && alert.message === signal.message);
}

/** Health of the assets the events are about, and of those that were told: a policy or check may be gone from the code. */
async function degraded(
  { storage, clock, workspace, partitions }: DaemonContext,
  events: readonly { asset?: string }[],
  open: ReadonlyMap<string, AlertState>,
): Promise<AlertSignal[]> {
  const { assets } = workspace.graph();
  const told = [...open.values()].flatMap((alert) => (alert.event === "asset_degraded" ? alert.assets : []));
  const keys = new Set([...events.flatMap((event) => event.asset ?? []), ...told]);
  const nodes = [...keys].flatMap((key) => assets.get(key) ?? []);
  if (nodes.length === 0) return [];
  const states = await storage.assetStates(nodes.map((node) => node.key));
  const signals = nodes.map(async (node) => {
    const health = assetHealth(await healthInput(partitions, node, states.get(node.key)));
    return degradedSignal(node.key, health, clock.now());
  });
  return Promise.all(signals);
}

/** A channel is bad when the last message it was to take failed for good. */
async function channels({ storage }: DaemonContext, settings: AlertsSettings): Promise<AlertSignal[]> {
  const found = await Promise.all(
    Object.keys(settings.channels).map(async (channel) => {
      const [last] = await storage.listDeliveries({
        kind: "alert",
        channel,
        statuses: ["sent", "failed"],
        limit: 1,
        order: "newest",
      });
      if (!last) return [];
      return platformSignal(
        "channel_failed",
        channel,
        last.endedAt!,
        last.status === "failed" ? (last.answer ?? "no answer") : undefined,
      );
    }),
  );
  return found.flat();
}

const located = (error: { message: string; where?: string | undefined } | undefined): string =>
  error ? (error.where ? `${error.message}\n${error.where}` : error.message) : "no reason given";

function pageOf({ event, assets, runId }: Pick<AlertState, "event" | "assets" | "runId">): string {
  if (event === "run_failed" && runId) return `/runs/${encodeURIComponent(runId)}`;
  if (assets.length === 1) return `/assets/${assets[0]!.split("/").map(encodeURIComponent).join("/")}`;
  return event === "location_failed" || event === "daemon_unhealthy" ? "/deployment" : "/";
}
