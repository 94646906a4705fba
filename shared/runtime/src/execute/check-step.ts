import type { AssetsDefinition } from "../asset.ts";
import { parseCheckName } from "../plan-checks.ts";
import { definitionOf, runChecks } from "./checks.ts";
import { failureOf } from "./failure.ts";
import { stepPartitions } from "./partitions.ts";
import type { StepOutcome, StepParams } from "./step.ts";
import type { Emit } from "./step-context.ts";
import { stopFields, stopText, stopWord } from "./stop.ts";

/**
 * Runs the checks of an asset without making it. Its events name the step and not the asset: how the asset was made last
 * stays as it is. A check that fails with severity ERROR fails the step.
 */
export async function runCheckStep(
  params: Omit<StepParams, "definition">,
  assets: readonly AssetsDefinition[],
): Promise<StepOutcome> {
  const { step, signal, input, environment, upstream } = params;
  const failed: string[] = [];
  const emit: Emit = (event) => {
    if (event.check && !event.check.passed && event.check.severity === "ERROR") failed.push(`${event.asset}:${event.check.name}`);
    params.emit({ step: step.key, ...(step.partition && event.asset ? { partition: step.partition } : {}), ...event });
  };
  const leave = await params.enter();
  if (!leave) {
    emit({ type: "step_skipped", message: stopText(signal) });
    return "skipped";
  }
  emit({ type: "step_started", attempt: 1, fields: { of: 1 } });
  const asset = parseCheckName(step.checks![0]!).asset;
  try {
    await runChecks({
      step,
      checks: params.checks,
      shared: {
        signal,
        run: { id: input.runId, requestId: input.requestId, tags: input.tags },
        partitions: stepPartitions(step, definitionOf(assets, asset)?.partitions),
        location: environment.location,
        env: environment.env,
        attempt: 1,
      },
      input,
      upstream,
      resolve: params.resolve,
      emit,
      logs: params.emit,
      signal,
      clock: params.clock,
    });
  } catch (error) {
    const stopped = signal.aborted;
    const failure = stopped ? { message: stopWord(signal), user: true } : failureOf(error);
    emit({ type: "step_failed", attempt: 1, error: failure, ...(stopped ? stopFields(signal) : {}) });
    return stopped ? "cancelled" : "failed";
  } finally {
    leave();
  }
  if (failed.length > 0) {
    const message = `${failed.length === 1 ? "check" : `${failed.length} checks`} failed: ${failed.slice(0, 20).join(", ")}${failed.length > 20 ? ", …" : ""}`;
    emit({ type: "step_failed", attempt: 1, error: { message, user: true }, fields: { final: true } });
    return "failed";
  }
  emit({ type: "step_succeeded", attempt: 1 });
  return "succeeded";
}
