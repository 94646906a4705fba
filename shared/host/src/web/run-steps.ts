import { isCancelled, type Run, type Storage, type StoredEvent } from "@kc/runtime/internal";
import type { RunDetail } from "../client/types.ts";

type StepView = RunDetail["steps"][number];

const told: StoredEvent["type"][] = ["step_started", "step_succeeded", "step_failed", "step_skipped", "step_retry"];

/**
 * The steps of a run with how far they are. Tries are counted over the run and those before it that it retries: `attempt 3
 * of 6` is the third time that the step's code ran.
 */
export async function viewSteps(
  storage: Pick<Storage, "readEvents">,
  run: Run,
  earlier: readonly Run[],
  facts: { waits: ReadonlyMap<string, string>; runsLeft: number },
): Promise<StepView[]> {
  const before = new Map<string, number>();
  for (const one of earlier)
    for (const event of await storage.readEvents({ runId: one.id, types: ["step_started"], limit: 100_000 }))
      before.set(event.step!, (before.get(event.step!) ?? 0) + 1);
  const events = await storage.readEvents({ runId: run.id, types: told, limit: 100_000 });
  const byStep = Map.groupBy(events, (event) => event.step);
  return run.plan.steps.map(({ key, assets, needs, pool, checks }) => {
    const of = byStep.get(key) ?? [];
    const started = of.filter((event) => event.type === "step_started");
    const tries = Number(started.at(-1)?.fields?.of ?? 1);
    const former = before.get(key) ?? 0;
    return {
      key,
      assets,
      checks: checks ?? [],
      needs,
      status: statusOf(of, facts.waits.has(key)),
      attempt: former + started.length,
      attempts: former + tries * (1 + facts.runsLeft),
      pool: pool ?? null,
      waitsFor: facts.waits.get(key) ?? null,
    };
  });
}

function statusOf(events: readonly StoredEvent[], waits: boolean): StepView["status"] {
  if (waits) return "waiting";
  const last = events.at(-1);
  if (!last) return "pending";
  if (last.type === "step_started") return "running";
  if (last.type === "step_retry") return "waiting";
  const failure = events.findLast((event) => event.type === "step_failed");
  if (failure) return isCancelled(failure) ? "cancelled" : "failed";
  return last.type === "step_skipped" ? "skipped" : "succeeded";
}
