import type { AssetsDefinition } from "../asset.ts";
import type { Clock } from "../clock.ts";
import { UserError } from "../errors.ts";
import type { LoadedLocation } from "../load/assemble.ts";
import type { PlannedRun, PlannedStep } from "../plan.ts";
import { missingVariables, resourceScope } from "./resources.ts";
import { failureOf, parseConfig, runStep, type StepOutcome } from "./step.ts";
import { type Emit, makeLogger, type RunInput, type StepEnvironment } from "./step-context.ts";

export interface ExecuteParams {
  plan: PlannedRun;
  input: RunInput;
  location: LoadedLocation;
  environment: StepEnvironment;
  emit: Emit;
  clock: Clock;
  signal: AbortSignal;
  /** Steps at one time. Default 4. */
  maxConcurrentSteps?: number;
  /** Runs a step's code inside something of the host's own (to attribute what it prints). */
  around?<T>(step: string, work: () => Promise<T>): Promise<T>;
}

export type RunOutcome = "succeeded" | "failed" | "cancelled";

/**
 * Runs the steps of a planned run, as concurrently as their dependencies and the limit allow, and emits what happens,
 * from `run_started` to the run's end. Never throws: what goes wrong is in the events.
 */
export async function executeRun(params: ExecuteParams): Promise<RunOutcome> {
  const { plan, emit, signal, environment } = params;
  emit({ type: "run_started" });
  const scope = resourceScope(environment.env, { signal, log: makeLogger(emit, undefined), location: environment.location });
  try {
    const definitions = stepDefinitions(params);
    checkBefore(params, definitions);
    const outcomes = await runSteps(params, definitions, scope.resolve);
    await scope.close();
    return end(params, plan, outcomes);
  } catch (error) {
    await scope.close();
    emit({ type: "run_failed", error: failureOf(error), message: failureOf(error).message });
    return "failed";
  }
}

function stepDefinitions({ plan, location }: ExecuteParams): Map<string, AssetsDefinition> {
  const byName = new Map(location.assets.map((definition) => [definition.name, definition]));
  return new Map(
    plan.steps.map((step) => {
      const definition = byName.get(step.name);
      if (!definition)
        throw new UserError(`location ${location.name} has no step "${step.name}" any more`, {
          hint: "Its code changed since the run was requested: request it again.",
        });
      return [step.key, definition];
    }),
  );
}

/** Everything that is knowably wrong is told before the first step, all of it at once. */
function checkBefore(
  { plan, input, location, environment }: ExecuteParams,
  definitions: ReadonlyMap<string, AssetsDefinition>,
): void {
  const missing = new Map<string, string[]>();
  for (const step of plan.steps) {
    const definition = definitions.get(step.key)!;
    parseConfig(definition, input.config[definition.name]);
    const checks = location.checks.filter((check) => step.assets.includes(check.asset));
    for (const resources of [definition.resources, ...checks.map((check) => check.resources)])
      for (const [name, resource] of Object.entries(resources))
        for (const variable of missingVariables(resource, environment.env))
          missing.set(variable, [...new Set([...(missing.get(variable) ?? []), name])]);
  }
  if (missing.size === 0) return;
  const list = [...missing].map(([variable, names]) => `${variable} (resource ${names.join(", ")})`).join(", ");
  throw new UserError(`unset environment variables: ${list}`, { hint: "Set them in .env (see .env.example)." });
}

async function runSteps(
  params: ExecuteParams,
  definitions: ReadonlyMap<string, AssetsDefinition>,
  resolve: ReturnType<typeof resourceScope>["resolve"],
): Promise<Map<string, StepOutcome | "skipped">> {
  const { plan, input, location, environment, emit, clock, signal } = params;
  const outcomes = new Map<string, StepOutcome | "skipped">();
  const upstream = new Map(Object.entries(input.upstream));
  const waiting = new Set(plan.steps);
  const running = new Map<string, Promise<void>>();
  const limit = params.maxConcurrentSteps ?? 4;
  const start = (step: PlannedStep) => {
    waiting.delete(step);
    const checks = location.checks.filter((check) => step.assets.includes(check.asset));
    const work = () =>
      runStep({
        step,
        definition: definitions.get(step.key)!,
        checks,
        input,
        upstream,
        environment,
        resolve,
        emit,
        clock,
        signal,
      });
    const done = (params.around ? params.around(step.key, work) : work()).then((outcome) => {
      outcomes.set(step.key, outcome);
      running.delete(step.key);
    });
    running.set(step.key, done);
  };
  while (waiting.size > 0 || running.size > 0) {
    for (const step of [...waiting]) {
      const bad = step.needs.find((need) => outcomes.has(need) && outcomes.get(need) !== "succeeded");
      if (bad || signal.aborted) {
        waiting.delete(step);
        outcomes.set(step.key, "skipped");
        const message = signal.aborted ? "the run was cancelled" : `step "${bad}" did not succeed`;
        for (const asset of step.assets) emit({ type: "step_skipped", step: step.key, asset, message });
      } else if (running.size < limit && step.needs.every((need) => outcomes.get(need) === "succeeded")) start(step);
    }
    if (running.size > 0) await Promise.race(running.values());
  }
  return outcomes;
}

function end(
  { emit, signal }: ExecuteParams,
  plan: PlannedRun,
  outcomes: ReadonlyMap<string, StepOutcome | "skipped">,
): RunOutcome {
  const failed = plan.steps.filter((step) => outcomes.get(step.key) === "failed").map((step) => step.key);
  const unfinished = [...outcomes.values()].some((outcome) => outcome === "cancelled" || outcome === "skipped");
  if (signal.aborted && unfinished) {
    emit({ type: "run_cancelled" });
    return "cancelled";
  }
  if (failed.length > 0) {
    emit({
      type: "run_failed",
      message: `${failed.length === 1 ? "step" : "steps"} ${failed.map((step) => `"${step}"`).join(", ")} failed`,
    });
    return "failed";
  }
  emit({ type: "run_succeeded" });
  return "succeeded";
}
