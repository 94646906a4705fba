import { randomBytes } from "node:crypto";
import {
  assignPartitions,
  type Clock,
  checkRunTags,
  didYouMean,
  type JobSnapshot,
  type NewEvent,
  type NewRun,
  type PlannedRun,
  partitionTexts,
  planChecks,
  planRuns,
  type Run,
  select,
  UserError,
  type WorkspaceGraph,
} from "@kc/runtime/internal";
import type { Workspace } from "../locations/workspace.ts";
import type { EventLog } from "../log.ts";
import type { LivePartitions } from "../partitions.ts";
import type { Pools } from "./pools.ts";

/** What any door asks for. */
export interface SubmitRequest {
  selection?: string;
  /** Carries out the checks of the selected assets and makes nothing. */
  checksOnly?: boolean;
  /** Checks by themselves, as `key:name`; nothing is made. */
  checks?: readonly string[];
  /** Keys instead of a selection. */
  assets?: readonly string[];
  /** Name of a job: `location/job`, or the name alone when only one location has it. */
  job?: string;
  tags?: Record<string, string>;
  /** Run config by step name. */
  config?: Record<string, unknown>;
  /** Partitions of the partitioned assets: keys and ranges `first...last`, joined by commas. */
  partition?: string;
  /** A backfill's own policy stands above those of the assets: a run may make any number of partitions. */
  overruled?: boolean;
  runKey?: string;
  /** Stored in the same transaction as the runs. */
  values?: Record<string, string>;
}

export interface Submitted {
  requestId: string;
  runs: Run[];
  /** False when a run of the same key existed already. */
  created: boolean;
}

/** A request that could be carried out. */
export interface Planned {
  runs: PlannedRun[];
  partition: string | null;
  tags: Record<string, string>;
  /** Run config by step name. */
  config: Record<string, unknown>;
}

/** An id that sorts by time: 8 characters of seconds and milliseconds in base 36, 5 at random. */
export function newId(now: number): string {
  const random = [...randomBytes(5)].map((byte) => (byte % 36).toString(36)).join("");
  return now.toString(36).padStart(8, "0") + random;
}

/** The one road of all doors: selection -> plan -> stored runs. */
export function submitter(deps: {
  workspace: Workspace;
  log: EventLog;
  clock: Clock;
  pools: Pick<Pools, "check">;
  partitions: Pick<LivePartitions, "now">;
}) {
  const { workspace, log, clock } = deps;

  /**
   * What a request would make, with its config checked by the locations. Stores nothing.
   * @throws UserError when the selection, job, config or locations do not allow it.
   */
  async function plan(request: SubmitRequest): Promise<Planned> {
    const graph = workspace.graph();
    const job = request.job ? findJob(workspace, request.job) : undefined;
    const tags = { ...job?.tags, ...request.tags };
    checkRunTags(tags);
    const checksOnly = request.checksOnly || request.checks !== undefined || tags["kc/checks"] === "only";
    const keys = request.assets
      ? checkKeys(request.assets)
      : select(
          graph,
          job?.selection ??
            request.selection ??
            (request.checks ? "not *" : fail("a run request needs a selection, assets or a job")),
        );
    const inJob = job ? keys.filter((key) => graph.assets.get(key)!.location === job.location) : keys;
    const asked = partitionTexts(request.partition);
    const { runs, partition } = checksOnly
      ? planChecks(graph, inJob, request.checks ?? [], { of: deps.partitions.now(), asked })
      : assignPartitions(graph, deps.partitions.now(), planRuns(graph, inJob), asked, request.overruled);
    for (const run of runs) {
      requireLoaded(run.location);
      deps.pools.check(run);
    }
    return { runs, partition, tags, config: await configured(request.config ?? {}, runs, job) };
  }

  /** @param planned what `plan` said of it, where it was asked. @throws UserError as `plan` does; nothing is stored then. */
  async function submit(request: SubmitRequest, planned?: Planned): Promise<Submitted> {
    const { runs: plannedRuns, partition, tags, config } = planned ?? (await plan(request));
    const now = clock.now();
    const requestId = newId(now);
    const ids = plannedRuns.map(() => newId(now));
    const runs: NewRun[] = plannedRuns.map((run, index) => ({
      id: ids[index]!,
      requestId,
      location: run.location,
      plan: run,
      needs: run.needs.map((need) => ids[need]!),
      tags,
      config,
      partition: run.steps.some((step) => step.partition) ? partition : null,
      runKey: index === 0 ? (request.runKey ?? null) : null,
      createdAt: now,
    }));
    const events: NewEvent[] = runs.map((run) => ({ type: "run_queued", at: now, runId: run.id }));
    const result = await log.createRuns(runs, events, request.values);
    // The runs of a key that was spent long ago may be pruned: nothing is made again.
    return { requestId: result.runs[0]?.requestId ?? requestId, runs: result.runs, created: !result.existed };
  }

  /** Run config by step name, checked by the locations that will read it. */
  async function configured(
    given: Record<string, unknown>,
    plan: readonly PlannedRun[],
    job: FoundJob | undefined,
  ): Promise<Record<string, unknown>> {
    const own = job?.config !== undefined;
    const graph = workspace.graph();
    const steps = plan.flatMap((run) => run.steps.map((step) => step.name));
    if (!own) checkConfig(given, steps);
    let config: Record<string, unknown> = {};
    for (const location of new Set(plan.map((run) => run.location))) {
      const names = plan.flatMap((run) => (run.location === location ? run.steps.map((step) => step.name) : []));
      const part = own ? given : Object.fromEntries(Object.entries(given).filter(([name]) => names.includes(name)));
      // Where config is needed and none is given, that is told before anything is stored.
      if (!own && Object.keys(part).length === 0 && !plan.some((run) => takesConfig(graph, run))) continue;
      const { process } = workspace.location(location)!;
      const answer = await process!.configure({ config: part, steps: names, ...(own ? { job: job.name } : {}) });
      config = { ...config, ...answer };
    }
    return config;
  }

  function checkKeys(assets: readonly string[]): string[] {
    const graph = workspace.graph();
    for (const key of assets)
      if (!graph.assets.has(key)) throw new UserError(`there is no asset "${key}".${didYouMean(key, graph.assets.keys())}`);
    const wanted = new Set(assets);
    return graph.order.filter((key) => wanted.has(key));
  }

  function requireLoaded(name: string): void {
    const state = workspace.location(name);
    if (state?.status === "loaded") return;
    const why = state?.error ? `: ${state.error.message}` : "";
    throw new UserError(`location ${name} ${state?.status === "loading" ? "is still loading" : "does not load"}${why}`, {
      where: state?.error?.where || undefined,
      hint: "Fix it and save: it reloads by itself.",
    });
  }

  return { plan, submit };
}

/** Whether a step of the run has config, which may have to be given. */
const takesConfig = (graph: WorkspaceGraph, run: PlannedRun): boolean =>
  run.steps.some((step) => step.assets.some((key) => graph.assets.get(key)?.config !== undefined));

/** Config that no step would read is a mistake: a name mistyped would run with the defaults. */
function checkConfig(config: Record<string, unknown>, steps: readonly string[]): void {
  for (const name of Object.keys(config))
    if (!steps.includes(name))
      throw new UserError(`config: there is no step "${name}" in this request.${didYouMean(name, steps)}`, {
        hint: "Run config stands under the names of steps: the key of an asset, or the name of a multi-asset.",
      });
}

type FoundJob = JobSnapshot & { location: string };

function findJob(workspace: Workspace, name: string): FoundJob {
  const jobs = workspace
    .locations()
    .flatMap((state) => (state.snapshot?.jobs ?? []).map((job) => ({ ...job, location: state.entry.name })));
  const found = jobs.filter((job) => job.name === name || `${job.location}/${job.name}` === name);
  if (found.length === 0)
    throw new UserError(
      `there is no job "${name}".${didYouMean(
        name,
        jobs.map((job) => job.name),
      )}`,
      { hint: "kc list jobs shows all of them." },
    );
  if (found.length > 1)
    throw new UserError(`job "${name}" is in ${found.map((job) => job.location).join(" and ")}`, {
      hint: `Write ${found.map((job) => `${job.location}/${name}`).join(" or ")}.`,
    });
  return { ...found[0]!, tags: { ...found[0]!.tags, "kc/job": found[0]!.name } };
}

function fail(message: string): never {
  throw new UserError(message);
}
