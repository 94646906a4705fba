import type { ApiClient, Backfill, Run } from "@kc/host/client";

/** Why a run came to be, in a few words; empty when a person asked for it. */
export function causeOf(tags: Readonly<Record<string, string>>): string {
  if (tags["kc/backfill"]) return `backfill ${tags["kc/backfill"]}`;
  if (tags["kc/schedule"]) return `schedule ${tags["kc/schedule"]}`;
  if (tags["kc/sensor"]) return `sensor ${tags["kc/sensor"]}`;
  if (tags["kc/automation"]) return "automation";
  if (tags["kc/retry_of"]) return `retry of ${tags["kc/retry_of"]}`;
  return tags["kc/job"] ? `job ${tags["kc/job"]}` : "";
}

/** `2026-01-01,2026-01-05` or `a,b,c,d` in no more room than a table has. */
export function partitionText(partition: string | null): string {
  const ranges = partition?.split(",") ?? [];
  return ranges.length <= 2 ? ranges.join(",") : `${ranges.slice(0, 2).join(",")},… (${ranges.length} ranges)`;
}

const shownFailures = 10;

/** A line for each failed run of a backfill, oldest first: run, partition, step and the first line of its error. */
export async function backfillFailures(
  api: Pick<ApiClient, "runs" | "runEvents">,
  { id, createdAt }: Pick<Backfill, "id" | "createdAt">,
): Promise<string[]> {
  const failed = (await api.runs({ status: "failed", limit: 1_000 })).filter(
    (run) => run.tags["kc/backfill"] === id && run.createdAt >= createdAt,
  );
  const lines = await Promise.all(
    failed
      .reverse()
      .slice(0, shownFailures)
      .map((run) => failureOf(api, run)),
  );
  return failed.length > shownFailures ? [...lines, `  … and ${failed.length - shownFailures} more failed runs`] : lines;
}

async function failureOf(api: Pick<ApiClient, "runEvents">, run: Run): Promise<string> {
  const [step] = await api.runEvents(run.id, { types: "step_failed", limit: 1 });
  const said = (step?.error?.message ?? run.reason ?? "").split("\n")[0];
  const what = [step?.asset ?? step?.step, said].filter(Boolean).join(": ");
  return `  ✗ run ${run.id}${run.partition ? ` (${partitionText(run.partition)})` : ""}: ${what}`;
}
