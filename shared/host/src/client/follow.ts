import type { ApiClient } from "./client.ts";
import type { RunEvent, Submitted } from "./types.ts";

/** How the runs of a request ended: by run id, without those that another run retried. */
export type RequestEnd = Map<string, "succeeded" | "failed" | "cancelled" | "skipped">;

const endOf = /^run_(succeeded|failed|cancelled|skipped)$/;

/**
 * The events of a request from its first one on, until all of its runs have ended; a run that is retried by itself goes on
 * as the run that retries it. `end` is filled meanwhile; runs it lacks when the stream ends had not ended.
 */
export async function* followRuns(
  api: Pick<ApiClient, "events" | "run">,
  submitted: Pick<Submitted, "requestId" | "runs">,
  end: RequestEnd,
  after = 0,
): AsyncGenerator<RunEvent> {
  const open = new Set(submitted.runs.map((run) => run.id));
  const known = new Set(open);
  const abort = new AbortController();
  try {
    for await (const event of api.events({ after, requestId: submitted.requestId }, abort.signal)) {
      yield event;
      const { runId, type } = event;
      if (!runId) continue;
      if (type === "run_queued" && !known.has(runId)) {
        known.add(runId);
        open.add(runId);
        const { retryOf } = (await api.run(runId)).retry;
        if (retryOf) open.delete(retryOf);
      }
      const ended = endOf.exec(type)?.[1] as "failed" | undefined;
      if (!ended) continue;
      const retry = ended === "failed" ? (await api.run(runId)).retry : undefined;
      if (retry?.nextAt || (retry?.next && !known.has(retry.next))) continue;
      open.delete(runId);
      if (!retry?.next) end.set(runId, ended);
      if (open.size === 0) return;
    }
  } finally {
    abort.abort();
  }
}
