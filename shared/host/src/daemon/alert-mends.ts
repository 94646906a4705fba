import {
  type AlertSignal,
  type AlertState,
  backfillSignals,
  backfillSubject,
  checkSubject,
  intersectSets,
  isSubset,
  type PartitionsByAsset,
  partitionTexts,
  type StoredEvent,
  unionSets,
} from "@kc/runtime/internal";
import { madeSince } from "../made-since.ts";
import type { DaemonContext } from "./context.ts";
import { turnedOff } from "./freshness.ts";
import { instigators } from "./instigators.ts";

type Context = Pick<DaemonContext, "clock" | "partitions" | "storage" | "workspace">;
/** An asset, and which of its partitions; null where it has none. */
type Part = { asset: string; texts: readonly string[] | null };

const aboutBackfill = ({ subject }: Pick<AlertState, "subject">): boolean => subject.startsWith(backfillSubject(""));

/**
 * A failure is mended too when other runs have since made what it left (re-executions run only what failed), when somebody
 * reports it as made, and when it was wiped: nothing of it stands any more.
 */
export async function mended(
  context: Context,
  open: ReadonlyMap<string, AlertState>,
  events: readonly StoredEvent[],
): Promise<AlertSignal[]> {
  const assetsOf = (...types: StoredEvent["type"][]) =>
    new Set(events.flatMap(({ type, asset }) => (asset !== undefined && types.includes(type) ? [asset] : [])));
  const made = assetsOf("step_succeeded", "materialization", "wiped");
  const wiped = assetsOf("wiped");
  const signals: AlertSignal[] = [];
  for (const alert of open.values()) {
    const { event, subject, title, assets } = alert;
    if ((event !== "run_failed" && event !== "asset_failed") || !assets.some((asset) => made.has(asset))) continue;
    const parts = await partsOf(context, alert);
    let whole = parts.length > 0;
    for (const part of parts) whole &&= await isMended(context, part, alert.eventId, wiped.has(part.asset));
    if (!whole) continue;
    const told = title.replace(/ (failed|failed: .*|goes on, .*)$/, " is mended");
    signals.push({ event, subject, good: true, severity: "error", at: context.clock.now(), title: told, assets });
  }
  return signals;
}

/**
 * A check that failed for some partitions is mended once it passes for all of them, in whichever runs and ranges, or once
 * what it said was wiped. A pass of the very same partitions is told by its own event too.
 */
export async function mendedChecks(
  context: Context,
  open: ReadonlyMap<string, AlertState>,
  events: readonly StoredEvent[],
): Promise<AlertSignal[]> {
  const touched = new Set(
    events.flatMap(({ type, asset, check }) =>
      type === "wiped" || (type === "check_result" && check?.passed) ? (asset ?? []) : [],
    ),
  );
  const signals: AlertSignal[] = [];
  for (const alert of open.values()) {
    const { event, subject, assets, title } = alert;
    if (event !== "check_failed" || !touched.has(assets[0]!) || (await stillFails(context, alert))) continue;
    const told = title.replace(/failed$/, "passed");
    signals.push({ event, subject, good: true, severity: "error", at: context.clock.now(), title: told, assets });
  }
  return signals;
}

async function stillFails({ partitions, storage, workspace }: Context, alert: AlertState): Promise<boolean> {
  const key = alert.assets[0]!;
  const node = workspace.graph().assets.get(key);
  if (!node) return true;
  const { subject, partition } = alert;
  const inBackfill = (name: string) => `${checkSubject(key, name)} in ${backfillSubject("")}`;
  const check = node.checks.find(
    ({ name }) =>
      subject === checkSubject(key, name) ||
      (partition && subject === checkSubject(key, name, { partition })) ||
      subject.startsWith(inBackfill(name)),
  );
  if (!check) return false;
  if (!node.partitions) return (await storage.assetStates([key])).get(key)?.checks[check.name]?.passed === false;
  const status = (await partitions.checks(key)).get(check.name);
  if (!status) return false;
  const failing = unionSets(status.failed, status.warned);
  const space = partitions.now().spaceOf(key);
  if (subject.startsWith(inBackfill(check.name))) {
    const backfill = await storage.getBackfill(subject.slice(inBackfill(check.name).length));
    return intersectSets(failing, backfill ? space.read(backfill.targets[key] ?? []) : failing).size > 0;
  }
  if (subject !== checkSubject(key, check.name)) return intersectSets(failing, space.read(partitionTexts(partition))).size > 0;
  return status.whole !== undefined || failing.size > 0;
}

/** What must be made again before an alert is over. */
async function partsOf({ storage }: Context, alert: AlertState): Promise<Part[]> {
  if (aboutBackfill(alert)) {
    const backfill = await storage.getBackfill(alert.subject.slice(backfillSubject("").length));
    const parts = (all: PartitionsByAsset = {}) => Object.entries(all).map(([asset, texts]) => ({ asset, texts: orNone(texts) }));
    return [...parts(backfill?.failed), ...parts(backfill?.skipped)];
  }
  const run = alert.event === "run_failed" && alert.runId ? await storage.getRun(alert.runId) : null;
  if (!run) return alert.assets.map((asset) => ({ asset, texts: orNone(partitionTexts(alert.partition)) }));
  return run.plan.steps.flatMap((step) => step.assets.map((asset) => ({ asset, texts: orNone(partitionTexts(step.partition)) })));
}

const orNone = (texts: readonly string[]): readonly string[] | null => (texts.length > 0 ? texts : null);

/** @param wiped It was wiped: then it must not be made, only not be failed. */
async function isMended(
  { storage, partitions, workspace }: Context,
  { asset, texts }: Part,
  eventId: number | undefined,
  wiped: boolean,
): Promise<boolean> {
  if (!texts) {
    const state = (await storage.assetStates([asset])).get(asset);
    const reported = eventId !== undefined && (state?.materialization?.eventId ?? 0) > eventId;
    return state?.last?.status === "succeeded" || reported || (wiped && state?.last?.status !== "failed");
  }
  if (eventId === undefined || !workspace.graph().assets.get(asset)?.partitions) return false;
  const space = partitions.now().spaceOf(asset);
  const asked = space.read(texts);
  if (wiped && intersectSets(asked, (await partitions.status(asset)).failed).size === 0) return true;
  return isSubset(asked, madeSince(space, await storage.partitionRows(asset, eventId), eventId));
}

/** What of schedules and sensors counts now. */
interface Switches {
  /** Those that are on, as `location/name`. */
  running: ReadonlySet<string>;
  /** Whether a freshness sensor that is off keeps an asset's policy from being looked at. */
  isOff(asset: { key: string; location: string }): boolean;
}

export const noSwitches: Switches = { running: new Set(), isOff: () => false };

export async function switchesOf({ workspace, storage }: Pick<Context, "workspace" | "storage">): Promise<Switches> {
  const sensors = await instigators(workspace, storage, "sensor");
  const all = [...(await instigators(workspace, storage, "schedule")), ...sensors];
  return {
    running: new Set(all.flatMap((one) => (one.running ? [`${one.location.entry.name}/${one.definition.name}`] : []))),
    isOff: turnedOff(workspace.graph(), sensors),
  };
}

/**
 * Whether an alert is about an asset, a check, a schedule or a sensor that its location loads without, or about one that was
 * turned off: nothing will mend it.
 */
export function isRemoved(
  { workspace }: Pick<Context, "workspace">,
  { event, subject, assets, location }: AlertState,
  { running, isOff }: Switches,
): boolean {
  if (location === undefined || workspace.location(location)?.status !== "loaded") return false;
  if (event === "tick_failed") return !running.has(subject);
  const nodes = assets.flatMap((key) => workspace.graph().assets.get(key) ?? []);
  if (event === "check_failed")
    return !nodes.some((node) => node.checks.some(({ name }) => `${subject} `.startsWith(`${checkSubject(node.key, name)} `)));
  // No policy is stale.
  if (event === "freshness") return !nodes.some((node) => node.freshness && !isOff(node));
  return assets.length > 0 && nodes.length === 0;
}

/** What the backfills that the events are about say as a whole. */
export async function backfillsTold(
  { storage, partitions, workspace }: Context,
  open: ReadonlyMap<string, AlertState>,
  events: readonly StoredEvent[],
): Promise<AlertSignal[]> {
  const latest = new Map<string, StoredEvent>();
  for (const event of events) if (event.type === "backfill") latest.set(String(event.fields?.id), event);
  const signals: AlertSignal[] = [];
  for (const [id, { id: eventId, at }] of latest) {
    const backfill = await storage.getBackfill(id);
    if (!backfill) continue;
    const now = partitions.now();
    const failed = Object.entries(backfill.failed).map(([key, texts]) => {
      if (!workspace.graph().assets.get(key)?.partitions) return 1;
      const space = now.spaceOf(key);
      return space.count(space.read(texts));
    });
    const same = [...open.values()].filter((alert) => alert.subject === backfillSubject(id));
    signals.push(
      ...backfillSignals(backfill, {
        failed: failed.reduce((sum, count) => sum + count, 0),
        at,
        eventId,
        alreadyTold: same.some((alert) => alert.severity === "error"),
      }),
    );
  }
  return signals;
}

/** Subjects of backfills that are no more or were cancelled: what they left unmade is as somebody wanted it. */
export async function goneBackfills({ storage }: Context, open: ReadonlyMap<string, AlertState>): Promise<ReadonlySet<string>> {
  const gone = new Set<string>();
  for (const subject of new Set([...open.values()].filter(aboutBackfill).map((alert) => alert.subject))) {
    const backfill = await storage.getBackfill(subject.slice(backfillSubject("").length));
    if (!backfill || backfill.status === "cancelled") gone.add(subject);
  }
  return gone;
}
