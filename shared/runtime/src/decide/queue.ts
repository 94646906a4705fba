import { isEnd, type RunStatus } from "../event.ts";
import type { PoolUse } from "../pool.ts";
import type { Run } from "../storage.ts";
import { decidePools, type PoolClaim } from "./pools.ts";
import { priorityOf, rankOf } from "./rank.ts";

type QueuedRun = Pick<Run, "id" | "needs" | "location" | "createdAt"> & {
  tags?: Record<string, string>;
  /** Slots that the whole run takes, of pools of granularity run. */
  pools?: readonly PoolUse[];
};

/** At most so many runs at one time among those with the tag: of any value, of one value, or of each value by itself. */
export interface TagLimit {
  key: string;
  value?: string | { applyLimitPerUniqueValue: true } | undefined;
  limit: number;
}

export interface QueueDecision {
  launch: string[];
  /** Runs that can never start, with the run that is why. */
  skip: { id: string; because: string; status: RunStatus }[];
  /** What each waiting run waits for, as a person reads it: the limit and who holds it. */
  waiting: Map<string, string>;
}

export interface QueueParams {
  queued: readonly QueuedRun[];
  /** How many runs go on. */
  active: number;
  /** The runs that go on, with their tags; needed where there are tag limits. */
  going?: readonly { id: string; location: string; tags: Record<string, string>; pools?: readonly PoolUse[] }[];
  maxConcurrentRuns: number;
  tagLimits?: readonly TagLimit[];
  /** Slots of a pool, undefined when it has no limit. Needed where runs name pools. */
  slotsOf?(pool: string): number | undefined;
  /** A needed run that failed and is tried again stands as the run that tries it: queued while it is to come. */
  statusOf(id: string): RunStatus | undefined;
  /** Why a run may not start although nothing else keeps it: a failed check of a dependency. */
  heldBy?(id: string): string | undefined;
  /** Milliseconds; waiting runs rise with their age, so that nothing starves. */
  now?: number;
}

/** The run's own tags and those that every run has. */
const tagsOf = (run: { location: string; tags?: Record<string, string> }): Record<string, string> => ({
  ...run.tags,
  "kc/location": run.location,
});

/**
 * Which queued runs start now: by priority (tag `kc/priority`, a whole number, default 0) raised by age, then in the order of
 * their creation; those whose needed runs have succeeded, up to the limits. A run that needs a run which ended otherwise is
 * skipped. A run takes the slots of all its pools together or none, so that no two runs wait for each other.
 */
export function decideQueue(params: QueueParams): QueueDecision {
  const decision: QueueDecision = { launch: [], skip: [], waiting: new Map() };
  const going = (params.going ?? []).map((run) => ({ id: run.id, tags: tagsOf(run) }));
  const held = (params.going ?? []).flatMap(claimsOf);
  /** By pool, the first claim on it that waits. */
  const ahead = new Map<string, PoolClaim>();
  let active = params.active;
  const now = params.now ?? 0;
  const rank = (run: QueuedRun) => rankOf(priorityOf(run.tags), run.createdAt, now);
  for (const run of [...params.queued].sort((a, b) => rank(b) - rank(a) || a.createdAt - b.createdAt)) {
    const statuses = run.needs.map((id) => ({ id, status: params.statusOf(id) }));
    const bad = statuses.find(({ status }) => status !== undefined && isEnd(status) && status !== "succeeded");
    const open = statuses.filter(({ status }) => status !== "succeeded");
    const tags = tagsOf(run);
    const full = limitsOf(params.tagLimits, tags)
      .map((limit) => holdersOf(limit, tags, going))
      .find((holders) => holders);
    if (bad) decision.skip.push({ id: run.id, because: bad.id, status: bad.status! });
    else if (open.length > 0) decision.waiting.set(run.id, `waits for run ${open.map(({ id }) => id).join(", ")}`);
    else if (params.heldBy?.(run.id)) decision.waiting.set(run.id, params.heldBy(run.id)!);
    else if (active >= params.maxConcurrentRuns)
      decision.waiting.set(run.id, `waits for one of ${params.maxConcurrentRuns} places (runs.max_concurrent)`);
    else if (full) decision.waiting.set(run.id, full);
    else {
      const claims = claimsOf(run);
      const waits = claims.length > 0 ? waitsForPools(claims, held, ahead, params.slotsOf, now) : undefined;
      if (waits) {
        // Those behind it do not overtake it at a pool.
        for (const claim of claims) if (!ahead.has(claim.use.name)) ahead.set(claim.use.name, claim);
        decision.waiting.set(run.id, waits);
        continue;
      }
      decision.launch.push(run.id);
      going.push({ id: run.id, tags });
      held.push(...claims);
      active++;
    }
  }
  return decision;
}

function claimsOf(run: { id: string; pools?: readonly PoolUse[] }): PoolClaim[] {
  return (run.pools ?? []).map((use) => ({
    id: `${run.id} ${use.name}`,
    who: `run ${run.id}`,
    use,
    priority: 0,
    since: 0,
  }));
}

/** What a run waits for whose claims cannot all be granted behind those that wait longer. */
function waitsForPools(
  claims: readonly PoolClaim[],
  held: readonly PoolClaim[],
  ahead: ReadonlyMap<string, PoolClaim>,
  slotsOf: QueueParams["slotsOf"],
  now: number,
): string | undefined {
  // Those ahead wait as a whole: a pool that they need is not taken from under them even where it has room.
  for (const { use } of claims) {
    const first = ahead.get(use.name);
    if (first && slotsOf?.(use.name) !== undefined) return `waits for pool ${use.name} behind ${first.who}`;
  }
  const decision = decidePools({ held, waiting: claims, slotsOf: slotsOf ?? (() => undefined), now });
  return [...decision.waiting.values()][0];
}

/** The instance's limits and the run's own: a job's `maxConcurrent` comes as the tag `kc/max_concurrent`. */
function limitsOf(limits: readonly TagLimit[] | undefined, tags: Record<string, string>): TagLimit[] {
  const most = Number.parseInt(tags["kc/max_concurrent"] ?? "", 10);
  const { "kc/job": job } = tags;
  return [...(limits ?? []), ...(job && most > 0 ? [{ key: "kc/job", value: job, limit: most }] : [])];
}

/** What a run with these tags waits for under a limit, or undefined when it may start. */
function holdersOf(
  { key, value, limit }: TagLimit,
  tags: Record<string, string>,
  going: readonly { id: string; tags: Record<string, string> }[],
): string | undefined {
  const mine = tags[key];
  if (mine === undefined || (typeof value === "string" && mine !== value)) return undefined;
  const holders = going.filter((run) =>
    value === undefined
      ? run.tags[key] !== undefined
      : // A job's name is its location's own.
        run.tags[key] === mine && (key !== "kc/job" || run.tags["kc/location"] === tags["kc/location"]),
  );
  if (holders.length < limit) return undefined;
  const which = value === undefined ? key : `${key}=${mine}`;
  return `waits for one of ${limit} places for tag ${which}, held by run ${holders.map((run) => run.id).join(", ")}`;
}
