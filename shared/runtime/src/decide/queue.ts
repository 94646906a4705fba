import { isEnd, type RunStatus } from "../event.ts";
import type { Run } from "../storage.ts";

type QueuedRun = Pick<Run, "id" | "needs" | "location" | "createdAt"> & { tags?: Record<string, string> };

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
  going?: readonly { id: string; location: string; tags: Record<string, string> }[];
  maxConcurrentRuns: number;
  tagLimits?: readonly TagLimit[];
  statusOf(id: string): RunStatus | undefined;
  /** Milliseconds; waiting runs rise with their age, so that nothing starves. */
  now?: number;
}

/** A run that has waited this long (ms) counts as one priority higher. */
const ageingMs = 10 * 60_000;

/** The run's own tags and those that every run has. */
const tagsOf = (run: { location: string; tags?: Record<string, string> }): Record<string, string> => ({
  ...run.tags,
  "kc/location": run.location,
});

/**
 * Which queued runs start now: by priority (tag `kc/priority`, a whole number, default 0) raised by age, then in the order of
 * their creation; those whose needed runs have succeeded, up to the limits. A run that needs a run which ended otherwise is skipped.
 */
export function decideQueue(params: QueueParams): QueueDecision {
  const decision: QueueDecision = { launch: [], skip: [], waiting: new Map() };
  const going = (params.going ?? []).map((run) => ({ id: run.id, tags: tagsOf(run) }));
  let active = params.active;
  const now = params.now ?? 0;
  const rank = (run: QueuedRun) =>
    (Number.parseInt(run.tags?.["kc/priority"] ?? "0", 10) || 0) + Math.floor(Math.max(0, now - run.createdAt) / ageingMs);
  for (const run of [...params.queued].sort((a, b) => rank(b) - rank(a) || a.createdAt - b.createdAt)) {
    const statuses = run.needs.map((id) => ({ id, status: params.statusOf(id) }));
    const bad = statuses.find(({ status }) => status !== undefined && isEnd(status) && status !== "succeeded");
    const open = statuses.filter(({ status }) => status !== "succeeded");
    const tags = tagsOf(run);
    const full = (params.tagLimits ?? []).map((limit) => holdersOf(limit, tags, going)).find((holders) => holders);
    if (bad) decision.skip.push({ id: run.id, because: bad.id, status: bad.status! });
    else if (open.length > 0) decision.waiting.set(run.id, `waits for run ${open.map(({ id }) => id).join(", ")}`);
    else if (active >= params.maxConcurrentRuns)
      decision.waiting.set(run.id, `waits for one of ${params.maxConcurrentRuns} places (runs.max_concurrent)`);
    else if (full) decision.waiting.set(run.id, full);
    else {
      decision.launch.push(run.id);
      going.push({ id: run.id, tags });
      active++;
    }
  }
  return decision;
}

/** What a run with these tags waits for under a limit, or undefined when it may start. */
function holdersOf(
  { key, value, limit }: TagLimit,
  tags: Record<string, string>,
  going: readonly { id: string; tags: Record<string, string> }[],
): string | undefined {
  const mine = tags[key];
  if (mine === undefined || (typeof value === "string" && mine !== value)) return undefined;
  const holders = going.filter((run) => (value === undefined ? run.tags[key] !== undefined : run.tags[key] === mine));
  if (holders.length < limit) return undefined;
  const which = value === undefined ? key : `${key}=${mine}`;
  return `waits for one of ${limit} places for tag ${which}, held by run ${holders.map((run) => run.id).join(", ")}`;
}
