import { randomUUID } from "node:crypto";
import { DbtCloudError, isMissing } from "./client/errors.ts";
import { type ConnectionOptions, type RequestOptions, requester } from "./client/request.ts";
import { type CloudJob, type CloudRun, isTerminal, nonceMark } from "./client/run.ts";

export { DbtCloudError, isMissing } from "./client/errors.ts";
export { type ConnectionOptions, checkedUrl, type Requester, retryAfter } from "./client/request.ts";
export * from "./client/run.ts";

export interface Trigger {
  /** Why; kc's mark is added to it. */
  cause: string;
  steps?: string[] | undefined;
  /** Seconds the vendor lets the run take. */
  timeoutSeconds?: number | undefined;
  threads?: number | undefined;
  schema?: string | undefined;
  generateDocs?: boolean | undefined;
}

export interface RunFilter {
  jobId?: number;
  projectId?: string;
  environmentId?: string;
  status?: number;
  /** Ends of the time of finishing, both included. */
  finished?: { from: Date; to: Date };
  orderBy?: string;
  limit?: number;
  offset?: number;
  related?: string[];
}

export interface WaitOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds the run may take, queue included. */
  timeoutMs: number;
  /** Milliseconds between two looks; the first ones come faster. */
  pollMs: number;
  /** Each new line of the steps' logs. */
  onLog?: (line: string) => void;
}

/** The administrative API of one dbt Cloud account. */
export type DbtCloudClient = ReturnType<typeof dbtCloudClient>;

/** How long after the trigger a 404 of the run means "not yet", in milliseconds. */
const visibleAfter = 30_000;

/** A client of dbt Cloud, or of anything on loopback that speaks its API. Asks nothing until it is used. */
export function dbtCloudClient(options: ConnectionOptions) {
  const http = requester(options);
  const v2 = `v2/accounts/${http.accountId}`;
  const v3 = `v3/accounts/${http.accountId}`;
  const get = <T>(path: string, given?: RequestOptions) => http.data<T>("GET", path, given);

  async function runs(filter: RunFilter = {}, signal?: AbortSignal): Promise<CloudRun[]> {
    const query: NonNullable<RequestOptions["query"]> = {
      job_definition_id: filter.jobId,
      project_id: filter.projectId,
      environment_id: filter.environmentId,
      status: filter.status,
      finished_at__range:
        filter.finished && JSON.stringify([filter.finished.from.toISOString(), filter.finished.to.toISOString()]),
      order_by: filter.orderBy,
      limit: filter.limit,
      offset: filter.offset,
      include_related: JSON.stringify(filter.related ?? ["trigger", "job"]),
    };
    return get<CloudRun[]>(`${v2}/runs/`, { query, signal });
  }

  /** The run that carries the mark, when the request that lost its answer did start it. */
  async function findByMark(jobId: number, mark: string, signal?: AbortSignal): Promise<CloudRun | undefined> {
    for (const pause of [0, 1_000, 3_000]) {
      if (pause > 0) await http.sleep(pause, signal);
      const latest = await runs({ jobId, orderBy: "-id", limit: 50, related: ["trigger"] }, signal);
      const found = latest.find((run) => run.trigger?.cause?.includes(mark));
      if (found) return found;
    }
    return undefined;
  }

  /** Starts a run of a job, once: after a lost answer it looks for the run before it asks again. */
  async function triggerRun(jobId: number, trigger: Trigger, signal?: AbortSignal): Promise<CloudRun> {
    const mark = nonceMark(randomUUID());
    const json = {
      cause: `${trigger.cause} ${mark}`,
      steps_override: trigger.steps,
      timeout_seconds_override: trigger.timeoutSeconds,
      threads_override: trigger.threads,
      schema_override: trigger.schema,
      generate_docs_override: trigger.generateDocs,
    };
    for (let attempt = 1; ; attempt++) {
      try {
        // The signal is not given to this request: a run whose id nobody knows could not be cancelled.
        return await http.data<CloudRun>("POST", `${v2}/jobs/${jobId}/run/`, { json });
      } catch (error) {
        if (!(error instanceof DbtCloudError) || !error.lost) throw error;
        const found = await findByMark(jobId, mark, signal);
        if (found) return found;
        if (attempt === 2) throw error;
      }
    }
  }

  async function* jobs(
    filter: { projectId: string; environmentId: string; name?: string },
    signal?: AbortSignal,
  ): AsyncGenerator<CloudJob> {
    for (let offset = 0; ; offset += 100) {
      const query = {
        project_id: filter.projectId,
        environment_id: filter.environmentId,
        name__icontains: filter.name,
        limit: 100,
        offset,
      };
      const page = await get<CloudJob[]>(`${v2}/jobs/`, { query, signal });
      yield* page;
      if (page.length < 100) return;
    }
  }

  /** The job of this name, made when it is not there. Of several with the name the oldest counts, so that racing clients agree. */
  async function ensureJob(
    job: { name: string; projectId: string; environmentId: string; description: string },
    signal?: AbortSignal,
  ): Promise<CloudJob> {
    const find = async (): Promise<CloudJob | undefined> => {
      const found: CloudJob[] = [];
      for await (const item of jobs({ ...job }, signal)) if (item.name === job.name && item.state !== 2) found.push(item);
      return found.sort((a, b) => a.id - b.id)[0];
    };
    const known = await find();
    if (known) return known;
    const json = {
      account_id: Number(http.accountId),
      project_id: Number(job.projectId),
      environment_id: Number(job.environmentId),
      name: job.name,
      description: job.description,
      job_type: "other",
      execute_steps: ["dbt build"],
    };
    try {
      await http.data<CloudJob>("POST", `${v2}/jobs/`, { json, signal });
    } catch (error) {
      if (!(error instanceof DbtCloudError) || !error.lost) throw error;
    }
    const made = await find();
    if (!made) throw new DbtCloudError(`dbt Cloud did not make the job ${job.name}`);
    return made;
  }

  /** Waits for the end of a run. When the signal aborts the run is cancelled; over the time it is cancelled too and that is an error. */
  async function waitForRun(id: number, wait: WaitOptions): Promise<CloudRun> {
    const { signal, timeoutMs, pollMs, onLog } = wait;
    const started = Date.now();
    const shown = new Map<number, number>();
    for (let pause = Math.min(100, pollMs); ; pause = Math.min(pause * 1.5, pollMs)) {
      let run: CloudRun | undefined;
      try {
        signal?.throwIfAborted();
        run = await get<CloudRun>(`${v2}/runs/${id}/`, {
          query: { include_related: JSON.stringify(["trigger", "job", ...(onLog ? ["run_steps", "debug_logs"] : [])]) },
          signal,
        });
        if (onLog) newLines(run, shown, isTerminal(run), onLog);
        if (isTerminal(run)) return run;
        if (Date.now() - started <= timeoutMs) await http.sleep(pause, signal);
      } catch (error) {
        if (signal?.aborted) await cancelRun(id).catch(() => undefined);
        // A run may not be visible right after its trigger was answered.
        if (!isMissing(error) || signal?.aborted || Date.now() - started > visibleAfter) throw error;
        await http.sleep(pause, signal);
      }
      if (run && Date.now() - started > timeoutMs) {
        await cancelRun(id).catch(() => undefined);
        throw new DbtCloudError(`dbt Cloud run ${id} took longer than ${Math.round(timeoutMs / 1000)} s and was cancelled`, {
          hint: `Raise DBT_CLOUD_RUN_TIMEOUT_SECONDS, or look at the run: ${run.href ?? ""}`,
        });
      }
    }
  }

  const cancelRun = (id: number) => http.data<CloudRun>("POST", `${v2}/runs/${id}/cancel/`, { idempotent: true });

  /** An artifact as JSON, undefined when the run has none of this path. */
  async function artifact<T>(runId: number, path: string, signal?: AbortSignal): Promise<T | undefined> {
    let body: string;
    try {
      body = await http.text("GET", `${v2}/runs/${runId}/artifacts/${path}`, { signal });
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    try {
      return JSON.parse(body) as T;
    } catch (error) {
      throw new DbtCloudError(`the artifact ${path} of dbt Cloud run ${runId} is no JSON`, { cause: error });
    }
  }

  /** Artifacts can come some seconds after the run's end: asks again before saying that there is none. */
  async function lateArtifact<T>(run: CloudRun, path: string, signal?: AbortSignal): Promise<T | undefined> {
    for (const pause of run.status === 10 ? [500, 1_000, 2_000, 4_000] : [500]) {
      const found = await artifact<T>(run.id, path, signal);
      if (found !== undefined) return found;
      await http.sleep(pause, signal);
    }
    return artifact<T>(run.id, path, signal);
  }

  return {
    http,
    accessUrl: http.accessUrl,
    account: () => get<{ id: number; name: string }>(`${v2}/`),
    project: (id: string, signal?: AbortSignal) => get<{ id: number; name: string }>(`${v3}/projects/${id}/`, { signal }),
    environment: (projectId: string, id: string, signal?: AbortSignal) =>
      get<{ id: number; name: string }>(`${v3}/projects/${projectId}/environments/${id}/`, { signal }),
    jobs,
    ensureJob,
    triggerRun,
    run: (id: number, related: string[] = ["trigger", "job"], signal?: AbortSignal) =>
      get<CloudRun>(`${v2}/runs/${id}/`, { query: { include_related: JSON.stringify(related) }, signal }),
    runs,
    waitForRun,
    cancelRun,
    artifacts: (runId: number, signal?: AbortSignal) => get<string[]>(`${v2}/runs/${runId}/artifacts/`, { signal }),
    artifact,
    lateArtifact,
    close: () => http.close(),
  };
}

/** Hands on the lines that were not seen before. The last line of a step that still runs may be half written. */
function newLines(run: CloudRun, shown: Map<number, number>, ended: boolean, onLog: (line: string) => void): void {
  for (const step of run.run_steps ?? []) {
    const text = step.debug_logs || step.logs || "";
    const from = shown.get(step.index) ?? -1;
    if (from < 0) onLog(step.name);
    const end = ended ? text.length : text.lastIndexOf("\n") + 1;
    for (const line of text.slice(Math.max(0, from), end).split("\n")) if (line !== "") onLog(line);
    shown.set(step.index, Math.max(end, Math.max(0, from)));
  }
}
