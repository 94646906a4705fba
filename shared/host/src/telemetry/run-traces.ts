import type { Run, Storage, StoredEvent } from "@kc/runtime/internal";
import type { EventLog } from "../log.ts";
import { type Exporter, runSpanIdOf, traceIdOf } from "./otlp.ts";

/** The span of every run that ends: from its request on, also when its worker died. */
export function traceRuns({
  log,
  storage,
  exporter,
}: {
  log: EventLog;
  storage: Storage;
  exporter: Exporter;
}): () => Promise<void> {
  const ended = async ({ runId, type, at, message }: StoredEvent): Promise<void> => {
    const run = await storage.getRun(runId!);
    if (!run) return;
    exporter.add({
      traceId: traceIdOf(run.requestId),
      spanId: runSpanIdOf(run.id),
      name: `run ${run.tags["kc/job"] ?? run.location}`,
      kind: "internal",
      start: run.createdAt,
      end: at,
      attributes: attributesOf(run, type.slice(4)),
      ...(type === "run_failed" ? { error: message ?? "the run failed" } : {}),
    });
  };
  const stop = log.listen((events, foreign) => {
    if (foreign) return;
    for (const event of events)
      if (event.runId && /^run_(succeeded|failed|cancelled)$/.test(event.type)) void ended(event).catch(() => undefined);
  });
  return async () => {
    stop();
    await exporter.flush(2_000);
  };
}

const attributesOf = (run: Run, status: string): Record<string, string | number> => ({
  "kc.run.id": run.id,
  "kc.request.id": run.requestId,
  "kc.location": run.location,
  "kc.run.status": status,
  "kc.run.assets": run.plan.assets.slice(0, 100).join(","),
  ...(run.partition ? { "kc.partition": run.partition } : {}),
  ...(run.tags["kc/job"] ? { "kc.job": run.tags["kc/job"] } : {}),
  ...(run.startedAt ? { "kc.run.queued_ms": run.startedAt - run.createdAt } : {}),
});
