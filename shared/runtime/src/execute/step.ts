import type { AssetsDefinition, MaterializeResult, MultiAssetContext, UpstreamMaterialization } from "../asset.ts";
import type { AssetCheckDefinition } from "../check.ts";
import type { Clock } from "../clock.ts";
import { UserError } from "../errors.ts";
import { plainMetadata, typedMetadata } from "../metadata.ts";
import type { PlannedStep } from "../plan.ts";
import type { Resources } from "../resource.ts";
import { latest, reportCheck, runChecks } from "./checks.ts";
import { failureOf } from "./failure.ts";
import { parseConfig } from "./parse-config.ts";
import { stepPartitions, within, withPartition } from "./partitions.ts";
import type { Leave } from "./places.ts";
import { retryDelayMs } from "./retry.ts";
import { type Emit, makeLogger, type RunInput, type StepEnvironment } from "./step-context.ts";
import { stopFields, stopText, stopWord } from "./stop.ts";

export interface StepParams {
  step: PlannedStep;
  definition: AssetsDefinition;
  checks: readonly AssetCheckDefinition[];
  input: RunInput;
  /** Shared by the run: what its own steps materialized replaces what the run started with. */
  upstream: Map<string, UpstreamMaterialization>;
  environment: StepEnvironment;
  resolve(resources: Resources): Promise<Record<string, unknown>>;
  emit: Emit;
  clock: Clock;
  signal: AbortSignal;
  /** Lets a try begin; answers how it leaves, or undefined when the run is stopped first. */
  enter(): Promise<Leave | undefined>;
}

/** `late`: it succeeded, and the run had been stopped by then. */
export type StepOutcome = "succeeded" | "late" | "failed" | "cancelled" | "skipped";

/** Runs one step with its retries and then its checks. A failed blocking check of severity ERROR fails the step. */
export async function runStep(params: StepParams): Promise<StepOutcome> {
  const { step, definition, signal, clock } = params;
  const failedChecks = new Set<string>();
  const emit: Emit = (event) => {
    if (event.check && !event.check.passed && event.check.severity === "ERROR" && event.asset) failedChecks.add(event.asset);
    params.emit({ step: step.key, ...(step.partition && event.asset ? { partition: step.partition } : {}), ...event });
  };
  const stopped = (attempt: number, message: string, unmade: readonly string[] = step.assets) => {
    for (const asset of step.assets)
      if (unmade.includes(asset))
        emit({ type: "step_failed", asset, attempt, error: { message, user: true }, ...stopFields(signal) });
      else emit({ type: "step_succeeded", asset, attempt });
    return "cancelled" as const;
  };
  const tries = (definition.retry?.max ?? 0) + 1;
  for (let attempt = 1; ; attempt++) {
    const leave = await params.enter();
    if (!leave) {
      if (attempt > 1) return stopped(attempt - 1, `${stopWord(signal)} while waiting for its next try`);
      for (const asset of step.assets) emit({ type: "step_skipped", asset, message: stopText(signal), ...stopFields(signal) });
      return "skipped";
    }
    emit({ type: "step_started", attempt, fields: { of: tries } });
    failedChecks.clear();
    const reported = new Set<string>();
    let delay: number;
    try {
      const blocked = await materialize(params, emit, attempt, reported);
      const late = blocked === "late";
      if (!late && blocked.length > 0) throw new UserError(`blocking check failed: ${blocked.join(", ")}`, { final: true });
      for (const asset of step.assets) emit({ type: "step_succeeded", asset, attempt });
      return late ? "late" : "succeeded";
    } catch (error) {
      const failure = failureOf(error);
      // What the step had reported is made; when that is all of it, it is the step as a whole that did not finish.
      const left = step.assets.filter((asset) => !reported.has(asset));
      if (signal.aborted) return stopped(attempt, stopWord(signal), left.length > 0 ? left : step.assets);
      const final = (error as Partial<UserError> | null | undefined)?.final === true;
      if (attempt >= tries || final) {
        // Of several assets those that the step had reported before it failed are made. When all are, the failure is that
        // of the ones whose check failed; with no such check it is everybody's.
        const unmade = step.assets.filter((asset) => !reported.has(asset));
        const unsound = step.assets.filter((asset) => failedChecks.has(asset));
        const failed = unmade.length > 0 ? unmade : unsound.length > 0 ? unsound : step.assets;
        for (const asset of step.assets)
          if (failed.includes(asset))
            emit({ type: "step_failed", asset, attempt, error: failure, ...(final ? { fields: { final } } : {}) });
          else emit({ type: "step_succeeded", asset, attempt });
        return "failed";
      }
      delay = retryDelayMs(definition.retry!, attempt);
      emit({ type: "step_retry", attempt, error: failure, fields: { delayMs: delay, of: tries } });
    } finally {
      leave();
    }
    await clock.sleep(delay, signal);
    if (signal.aborted) return stopped(attempt, `${stopWord(signal)} while waiting for its next try`);
  }
}

/** Answers the blocking checks that failed; `late` when the step's code ended with all its work done in a run stopped by then. */
async function materialize(params: StepParams, emit: Emit, attempt: number, reported: Set<string>): Promise<string[] | "late"> {
  const { step, definition, input, environment, upstream, signal } = params;
  if (!definition.run) throw new UserError(`asset "${definition.key}" is external: nothing in kc makes it`);
  const specs = definition.specs.filter((spec) => step.assets.includes(spec.key));
  const upstreamOf = (key: string): UpstreamMaterialization[] =>
    (specs.find((spec) => spec.key === key)?.deps ?? []).map((dep) => {
      const name = typeof dep === "string" ? dep : dep.key;
      const needed = input.upstreamPartitions?.[key]?.[name];
      return { ...latest(upstream, name), ...(needed ? { partitions: needed } : {}) };
    });
  const blocked: string[] = [];
  const common = {
    signal,
    run: { id: input.runId, requestId: input.requestId, tags: input.tags },
    partitions: stepPartitions(step, definition.specs[0]!.partitions),
    location: environment.location,
    env: environment.env,
    attempt,
  };
  const context: MultiAssetContext = withPartition<Omit<MultiAssetContext, "partition">>(step, {
    ...common,
    upstream: step.assets.flatMap(upstreamOf),
    log: makeLogger(params.emit, step.key),
    resources: (await params.resolve(definition.resources)) as never,
    config: parseConfig(definition, input.config[definition.name]),
    selected: [...step.assets],
    upstreamOf,
    materialized(key, result: MaterializeResult = {}) {
      requireAsset(step, key);
      reported.add(key);
      const metadata = boundedMetadata(key, result);
      emit({
        type: result.unchanged ? "unchanged" : "materialization",
        asset: key,
        metadata,
        ...(result.partitions ? { partition: within(step, common.partitions, result.partitions) } : {}),
      });
      if (!result.unchanged)
        upstream.set(key, {
          key,
          runId: input.runId,
          timestamp: new Date(params.clock.now()).toISOString(),
          metadata: plainMetadata(metadata),
        });
    },
    checked(result) {
      const blocking = specs
        .find((spec) => spec.key === result.asset)
        ?.checks?.find((check) => check.name === result.name)?.blocking;
      reportCheck(emit, blocked, { blocking: Boolean(blocking), ...result });
    },
  });
  await definition.run(context);
  const silent = step.assets.filter((key) => !reported.has(key));
  if (silent.length > 0 && !signal.aborted)
    throw new UserError(`step "${step.name}" ended without reporting ${silent.join(", ")}`, {
      hint: "Call materialized(key) for every selected key, or throw.",
    });
  if (signal.aborted && silent.length === 0) return "late";
  signal.throwIfAborted();
  const { resolve } = params;
  blocked.push(
    ...(await runChecks({
      step,
      checks: params.checks,
      shared: common,
      input,
      upstream,
      resolve,
      emit,
      logs: params.emit,
      signal,
      clock: params.clock,
    })),
  );
  return blocked;
}

/** Characters of JSON that the metadata of one materialization may take. */
const mostMetadata = 4 << 20;

/** @throws UserError when a step hands back what is no result, or more than the log should keep. */
function boundedMetadata(key: string, result: MaterializeResult): ReturnType<typeof typedMetadata> {
  if (typeof result !== "object" || Array.isArray(result))
    throw new UserError(`asset "${key}" handed back ${Array.isArray(result) ? "a list" : `a ${typeof result}`}`, {
      hint: "Return nothing, or { metadata: { … } }.",
    });
  const unknown = Object.keys(result).find((name) => !["metadata", "unchanged", "partitions"].includes(name));
  if (unknown !== undefined)
    throw new UserError(`asset "${key}" handed back "${unknown}", which is no field of a result`, {
      hint: "Values to keep stand in metadata: return { metadata: { … } }.",
    });
  const metadata = typedMetadata(result.metadata);
  const size = JSON.stringify(metadata).length;
  if (size > mostMetadata)
    throw new UserError(`metadata of asset "${key}" is ${Math.ceil(size / 1_048_576)} MB: at most 4 MB are kept`, {
      hint: "Write large results to a file and hand back md.path(file).",
    });
  return metadata;
}

function requireAsset(step: PlannedStep, key: string): void {
  if (!step.assets.includes(key))
    throw new UserError(`step "${step.name}" reported "${key}", which was not selected`, {
      hint: `It may report ${step.assets.join(", ")}.`,
    });
}
