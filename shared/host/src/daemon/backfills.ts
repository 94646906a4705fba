import { createHash } from "node:crypto";
import {
  type Backfill,
  type BackfillDecision,
  type BackfillRequest,
  backfillTag,
  decideBackfill,
  describePartitions,
  isBackfillEnd,
  isEnd,
  kindOfKeys,
  maxRetriesOf,
  type PartitionsByAsset,
  partitionTexts,
  type Run,
  type RunRetryPolicy,
  UserError,
  type WorkspacePartitions,
} from "@kc/runtime/internal";
import { tellBackfill } from "../backfills.ts";
import { cancelRun } from "../runs/cancel.ts";
import type { RunLauncher } from "../runs/launcher.ts";
import { lineOf } from "../runs/rerun.ts";
import { type BackfillDraft, backfillDraft } from "./backfill-draft.ts";
import { setOf, takeEnd, triesOf } from "./backfill-ends.ts";
import type { DaemonContext } from "./context.ts";
import { openBackfills } from "./open-backfills.ts";
import { placeOf, retryDecision } from "./run-retries.ts";

type Graph = ReturnType<DaemonContext["workspace"]["graph"]>;

/** Carries every backfill that has not ended one step on: takes in the runs that ended, and requests what is next. */
export async function tickBackfills(
  context: DaemonContext,
  launcher: Pick<RunLauncher, "cancel">,
  retries: RunRetryPolicy,
): Promise<undefined> {
  for (const one of await openBackfills(context).list()) await advance(context, launcher, retries, one);
  return undefined;
}

async function advance(
  context: DaemonContext,
  launcher: Pick<RunLauncher, "cancel">,
  retries: RunRetryPolicy,
  backfill: Backfill,
): Promise<void> {
  const { workspace, requests, clock, log, partitions } = context;
  const { id } = backfill;
  const now = partitions.now();
  const absent = absentAsset(workspace.graph(), backfill);
  if (absent && backfill.status !== "cancelling") {
    // Its partitions cannot be read: to go on now would lose what is known of them.
    const node = workspace.graph().assets.get(absent);
    const reason = node
      ? `waits: location ${node.location} does not load, or "${absent}" has no partitions now`
      : `waits: there is no asset "${absent}" now`;
    await openBackfills(context).update(id, (one) => ({ ...one, reason }));
    return;
  }
  const other = otherKeys(workspace.graph(), backfill);
  if (other && backfill.status !== "cancelling") return breakOff(context, launcher, retries, backfill, other);
  const unreadable = absent ?? other;
  const retried = (run: Run) => maxRetriesOf(run.tags, retries) > 0;
  const taken = await takeIn(
    context,
    retries,
    retried,
    unreadable ? { ...backfill, requested: {}, done: {}, failed: {}, skipped: {} } : backfill,
  );
  let { next } = taken;
  if (backfill.status === "cancelling") for (const run of taken.open) await cancelOne(context, launcher, retries, run);
  const decision = decideBackfill({
    backfill: next,
    graph: workspace.graph(),
    partitions: now,
    limit: backfill.status === "running" ? Math.max(0, backfill.maxRuns - next.open.length) : 0,
  });
  let problem: string | undefined;
  const made: Run[] = [];
  if (backfill.status === "running")
    for (const request of decision.requests)
      try {
        const submitted = await requests.submit({
          assets: request.assets,
          ...(request.partition ? { partition: request.partition } : {}),
          tags: { ...backfill.tags, [backfillTag]: id },
          config: configOf(workspace.graph(), backfill.config, request.assets),
          runKey: keyOf(now, next, request),
          overruled: backfill.policy !== null,
        });
        made.push(...submitted.runs);
      } catch (error) {
        // A location that does not load is waited for; everything else would fail again and again.
        if (!(error instanceof UserError)) throw error;
        problem = error.message;
        break;
      }
  next = withRuns(now, next, made);
  const gone = Object.entries(next.targets).every(([key, texts]) => texts.length > 0 && setOf(now, key, texts).size === 0);
  const after = gone && backfill.status === "running" ? nothingLeft(next) : ending(backfill, next, decision, problem);
  const written = after.endedAt === null ? after : { ...after, endedAt: clock.now(), skipped: withSkipped(now, after, decision) };
  let told = false;
  await openBackfills(context).update(id, (present) => {
    // Paused, resumed or cancelled in between: that counts, the next look acts on it.
    const status = present.status === backfill.status ? written.status : present.status;
    if (unreadable) return { ...present, status, open: written.open, endedAt: isBackfillEnd(status) ? written.endedAt : null };
    told = status !== backfill.status || JSON.stringify(written.open) !== JSON.stringify(present.open);
    return { ...written, status, endedAt: isBackfillEnd(status) ? written.endedAt : null };
  });
  if (told) await tellBackfill(log, written, clock.now());
}

/** The first target whose definition is not there, or has no partitions where they are asked for. */
function absentAsset(graph: Graph, { targets }: Backfill): string | undefined {
  return Object.keys(targets).find((key) => {
    const node = graph.assets.get(key);
    return !node || node.external || (targets[key]!.length > 0 && !node.partitions);
  });
}

/** The first target whose partitions have other keys than when the backfill was asked for. */
function otherKeys(graph: Graph, { kinds = {} }: Backfill): string | undefined {
  return Object.keys(kinds).find((key) => {
    const definition = graph.assets.get(key)?.partitions;
    return definition && kindOfKeys(definition) !== kinds[key];
  });
}

/** Ends a backfill whose partitions are no more what they were: once its runs that go on have ended; those that wait are cancelled. */
async function breakOff(
  context: DaemonContext,
  launcher: Pick<RunLauncher, "cancel">,
  retries: RunRetryPolicy,
  { id, open: before }: Backfill,
  key: string,
): Promise<void> {
  const { storage, clock, log, workspace } = context;
  const now = describePartitions(workspace.graph().assets.get(key)!.partitions!);
  const reason = `the partitions of "${key}" are ${now} now, and were others when it was asked for: start another`;
  const open: Run[] = [];
  for (const run of await storage.listRuns({ tags: { [backfillTag]: id }, statuses: unended, limit: 100_000 }))
    if (run.status === "queued") await cancelOne(context, launcher, retries, run);
    else open.push(run);
  for (const one of before) {
    const run = await storage.getRun(one);
    if (run?.status === "failed" && (await placeOf(context, run, retries)) === "waits")
      await cancelOne(context, launcher, retries, run);
  }
  await openBackfills(context).update(id, (one) => {
    const rest = { ...one, open: open.map((run) => run.id), reason };
    return open.length > 0 ? rest : { ...rest, status: "failed", endedAt: clock.now() };
  });
  const after = await storage.getBackfill(id);
  if (after?.status === "failed") await tellBackfill(log, after, clock.now());
}

const unended: Run["status"][] = ["queued", "starting", "running", "cancelling"];

async function cancelOne(
  context: DaemonContext,
  launcher: Pick<RunLauncher, "cancel">,
  retries: RunRetryPolicy,
  run: Run,
): Promise<void> {
  const { log, clock } = context;
  const retryOf = (one: Run) => retryDecision(context, one, retries);
  if (run.status !== "cancelling") await cancelRun({ launcher, log, now: () => clock.now(), retryOf }, run);
}

const keyOf = (partitions: WorkspacePartitions, backfill: Backfill, request: BackfillRequest): string => {
  const tries = triesOf(partitions, backfill, request);
  const what = createHash("sha256")
    .update(`${request.assets.join(" ")}\0${request.partition}`)
    .digest("hex")
    .slice(0, 24);
  return `backfill:${backfill.id}:${backfill.round}${tries > 0 ? `.${tries}` : ""}:${what}`;
};

/** The config of the steps that a request makes: a backfill has that of all of them. */
function configOf(graph: Graph, config: Record<string, unknown>, assets: readonly string[]): Record<string, unknown> {
  const steps = new Set(assets.map((key) => graph.assets.get(key)!.step));
  return Object.fromEntries(Object.entries(config).filter(([name]) => steps.has(name)));
}

/** The backfill after what its runs have come to, and its runs that go on: also those of a host that died before it said so. */
async function takeIn(
  context: Pick<DaemonContext, "storage" | "partitions">,
  retries: RunRetryPolicy,
  retried: (run: Run) => boolean,
  backfill: Backfill,
): Promise<{ next: Backfill; open: Run[] }> {
  const { storage } = context;
  const partitions = context.partitions.now();
  const open = await storage.listRuns({
    tags: { [backfillTag]: backfill.id },
    statuses: unended,
    limit: 100_000,
    order: "oldest",
  });
  const openIds = new Set(open.map((run) => run.id));
  const draft = backfillDraft(partitions, backfill);
  const fresh = open.filter((run) => !backfill.open.includes(run.id));
  takeRuns(partitions, draft, fresh);
  for (const id of backfill.open) {
    if (openIds.has(id)) continue;
    const run = await storage.getRun(id);
    if (!run || !isEnd(run.status)) continue;
    // Its retries too: one may have begun and ended since the last look.
    const line = run.status === "failed" ? await lineOf(storage, run) : [run];
    for (const one of line.slice(line.findIndex((other) => other.id === id))) {
      if (!isEnd(one.status)) continue;
      const place = await placeOf(context, one, retries);
      await takeEnd(storage, partitions, draft, one, { retried: retried(one), goesOn: place !== "last" });
      // Until its retry is there nothing has ended.
      if (place !== "waits") continue;
      openIds.add(one.id);
      open.push(one);
    }
  }
  return { next: { ...draft.written(), open: [...openIds], runs: backfill.runs + fresh.length }, open };
}

function takeRuns(partitions: WorkspacePartitions, draft: BackfillDraft, runs: readonly Run[]): void {
  for (const run of runs)
    for (const step of run.plan.steps)
      for (const asset of step.assets) draft.add("requested", asset, setOf(partitions, asset, partitionTexts(step.partition)));
}

function withRuns(partitions: WorkspacePartitions, backfill: Backfill, runs: readonly Run[]): Backfill {
  const draft = backfillDraft(partitions, backfill);
  takeRuns(partitions, draft, runs);
  const ids = runs.map((run) => run.id).filter((id) => !backfill.open.includes(id));
  return { ...draft.written(), open: [...backfill.open, ...ids], runs: backfill.runs + ids.length };
}

function withSkipped(partitions: WorkspacePartitions, backfill: Backfill, decision: BackfillDecision): PartitionsByAsset {
  const draft = backfillDraft(partitions, backfill);
  for (const [key, set] of decision.skipped) draft.add("skipped", key, set);
  return draft.written().skipped;
}

/** Its partitions were deleted, or the definition's span was moved away from all of them. */
const nothingLeft = (next: Backfill): Backfill => ({
  ...next,
  status: next.open.length > 0 ? next.status : "failed",
  endedAt: next.open.length > 0 ? null : 0,
  reason: "none of the partitions that it was asked for is there any more",
});

function ending(before: Backfill, next: Backfill, decision: BackfillDecision, problem: string | undefined): Backfill {
  if (before.status === "cancelling")
    return next.open.length > 0 ? next : { ...next, status: "cancelled", endedAt: 0, reason: null };
  if (problem) return { ...next, reason: `waits: ${problem}` };
  const failures = Object.keys({ ...next.failed, ...next.skipped }).length + decision.skipped.size;
  if (!decision.ended || next.open.length > 0) return { ...next, reason: null };
  return { ...next, status: failures > 0 ? "failed" : "succeeded", endedAt: 0, reason: null };
}
