import type { AutomationResult, NewEvaluation } from "@kc/runtime/internal";
import type { Evaluations } from "./automation.ts";
import type { Carried } from "./automation-orders.ts";
import type { DaemonContext } from "./context.ts";

/** Evaluations kept of each asset. */
const keptPerAsset = 200;

/**
 * Keeps the evaluations that say anything new: the truth of some part has changed, or they led to a request. `evaluations`
 * are the latest of each asset, known to this process.
 */
export async function keepHistory(
  { storage, partitions }: Pick<DaemonContext, "storage" | "partitions">,
  evaluations: Evaluations,
  result: AutomationResult,
  carried: readonly Carried[],
  now: number,
): Promise<void> {
  const requestIds = new Map<string, string>();
  for (const { order, requestId } of carried)
    for (const key of order.type === "run" ? order.assets : Object.keys(order.targets)) requestIds.set(key, requestId);
  const unknown = [...result.evaluations.keys()].filter((key) => !evaluations.has(key));
  const stored = await storage.latestEvaluations(unknown);
  const spaces = partitions.now();
  const news: NewEvaluation[] = [];
  for (const [key, evaluation] of result.evaluations) {
    const before = evaluations.get(key) ?? stored.get(key);
    const requested = result.requested.get(key);
    const requestId = requested ? (requestIds.get(key) ?? null) : null;
    if (requestId === null && before && JSON.stringify(before.evaluation) === JSON.stringify(evaluation)) continue;
    const space = spaces.spaceOf(key);
    news.push({
      asset: key,
      at: now,
      evaluation,
      requestId,
      requested: requested && space.definition ? space.text(requested) : [],
      paused: result.cursor.pending?.[key] !== undefined,
    });
  }
  if (news.length > 0) await storage.addEvaluations(news, keptPerAsset);
  for (const [key, evaluation] of result.evaluations) evaluations.set(key, { at: now, evaluation });
}
