import type { AssetsDefinition } from "../asset.ts";
import type { AssetCheckDefinition } from "../check.ts";
import type { Clock } from "../clock.ts";
import { UserError } from "../errors.ts";
import type { LoadedLocation } from "../load/assemble.ts";
import type { PlannedRun, PlannedStep } from "../plan.ts";
import { checkNameOf } from "../plan-checks.ts";
import type { PoolUse } from "../pool.ts";
import { runCheckStep } from "./check-step.ts";
import { failureOf } from "./failure.ts";
import { parseConfig } from "./parse-config.ts";
import { type Leave, places } from "./places.ts";
import { missingVariables, resourceScope } from "./resources.ts";
import { runStep, type StepOutcome, type StepParams } from "./step.ts";
import { type Emit, makeLogger, type RunInput, type StepEnvironment } from "./step-context.ts";
import { stopFields, stopOf, stopText } from "./stop.ts";

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
  /** Takes a step's slots of a pool; answers how to give them back, or undefined when the signal is aborted first. */
  pool?(step: string, use: PoolUse, signal: AbortSignal): Promise<Leave | undefined>;
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
  for (const step of plan.steps) requireChecks(step, location);
  const byName = new Map(location.assets.map((definition) => [definition.name, definition]));
  return new Map(
    plan.steps.flatMap((step) => {
      if (step.checks) return [];
      const definition = byName.get(step.name);
      if (!definition)
        throw new UserError(`location ${location.name} has no step "${step.name}" any more`, {
          hint: "Its code changed since the run was requested: request it again.",
        });
      return [[step.key, definition] as const];
    }),
  );
}

/** The checks that a step carries out: those it is made of, or those of the assets that it makes. */
const checksOfStep = (step: PlannedStep, { checks }: LoadedLocation): AssetCheckDefinition[] => {
  const named = step.checks && new Set(step.checks);
  return checks.filter((one) => (named ? named.has(checkNameOf(one.asset, one.name)) : step.assets.includes(one.asset)));
};

function requireChecks(step: PlannedStep, location: LoadedLocation): void {
  const known = new Set(checksOfStep(step, location).map((one) => checkNameOf(one.asset, one.name)));
  const gone = step.checks?.find((name) => !known.has(name));
  if (gone !== undefined)
    throw new UserError(`location ${location.name} has no check "${gone}" any more`, {
      hint: "Its code changed since the run was requested: request it again.",
    });
}

/** Everything that is knowably wrong is told before the first step, all of it at once. */
function checkBefore(
  { plan, input, location, environment }: ExecuteParams,
  definitions: ReadonlyMap<string, AssetsDefinition>,
): void {
  const missing = new Map<string, string[]>();
  for (const step of plan.steps) {
    const definition = definitions.get(step.key);
    if (definition) parseConfig(definition, input.config[definition.name]);
    const checks = checksOfStep(step, location);
    for (const resources of [definition?.resources ?? {}, ...checks.map((check) => check.resources)])
      for (const [name, resource] of Object.entries(resources))
        for (const variable of missingVariables(resource, environment.env))
          missing.set(variable, [...new Set([...(missing.get(variable) ?? []), name])]);
  }
  if (missing.size === 0) return;
  const list = [...missing].map(([variable, names]) => `${variable} (resource ${names.join(", ")})`).join(", ");
  throw new UserError(`unset environment variables: ${list}`, { hint: "Set them in .env (see .env.example)." });
}

/**
 * Starts every step once those that it needs have succeeded, and skips what can no longer run. Each try of a step takes a
 * place of the run and its slots of a pool, so that a step that waits between tries holds neither.
 */
async function runSteps(
  params: ExecuteParams,
  definitions: ReadonlyMap<string, AssetsDefinition>,
  resolve: ReturnType<typeof resourceScope>["resolve"],
): Promise<Map<string, StepOutcome>> {
  const { plan, input, location, environment, emit, clock, signal } = params;
  const outcomes = new Map<string, StepOutcome>();
  const upstream = new Map(Object.entries(input.upstream));
  const enter = entrance(params);
  const missing = new Map(plan.steps.map((step) => [step, step.needs.length]));
  const dependents = new Map<string, PlannedStep[]>();
  for (const step of plan.steps)
    for (const need of step.needs) {
      const of = dependents.get(need);
      if (of) of.push(step);
      else dependents.set(need, [step]);
    }
  const skip = (first: PlannedStep, why: string) => {
    const front: [PlannedStep, string][] = [[first, why]];
    for (const [step, message] of front) {
      if (!missing.delete(step)) continue;
      outcomes.set(step.key, "skipped");
      const about = { type: "step_skipped" as const, step: step.key, message, ...(signal.aborted ? stopFields(signal) : {}) };
      if (step.checks) emit(about);
      for (const asset of step.assets) emit({ ...about, asset });
      for (const dependent of dependents.get(step.key) ?? [])
        front.push([dependent, signal.aborted ? message : `step "${step.key}" did not succeed`]);
    }
  };
  const running = new Set<Promise<void>>();
  const start = (step: PlannedStep) => {
    missing.delete(step);
    const checks = checksOfStep(step, location);
    const definition = definitions.get(step.key);
    const run = (shared: Omit<StepParams, "definition">) =>
      definition ? runStep({ ...shared, definition }) : runCheckStep(shared, location.assets);
    const work = () =>
      run({
        step,
        checks,
        input,
        upstream,
        environment,
        resolve,
        emit,
        clock,
        signal,
        enter: () => enter(step),
      });
    const done = (params.around ? params.around(step.key, work) : work()).then((outcome) => {
      running.delete(done);
      outcomes.set(step.key, outcome);
      for (const dependent of dependents.get(step.key) ?? []) {
        if (!missing.has(dependent)) continue;
        if (signal.aborted) skip(dependent, stopText(signal));
        else if (outcome !== "succeeded") skip(dependent, `step "${step.key}" did not succeed`);
        else {
          const left = missing.get(dependent)! - 1;
          missing.set(dependent, left);
          if (left === 0) start(dependent);
        }
      }
    });
    running.add(done);
  };
  for (const step of plan.steps) if (step.needs.length === 0) start(step);
  while (running.size > 0) await Promise.all(running);
  return outcomes;
}

/** How a try of a step gets in: its slots of the pool first, then a place of the run. */
function entrance({ maxConcurrentSteps = 4, pool, signal }: ExecuteParams): (step: PlannedStep) => Promise<Leave | undefined> {
  const steps = places(maxConcurrentSteps);
  // A run asks a pool for no more than it could use at one time.
  const gates = new Map<string, ReturnType<typeof places>>();
  return async (step) => {
    const held: Leave[] = [];
    const leave = () => {
      for (const one of held.reverse().splice(0)) one();
    };
    const { pool: use } = step;
    const ways: (() => Promise<Leave | undefined>)[] = [() => steps.take(signal)];
    if (use && pool) {
      const gate = gates.get(use.name) ?? places(maxConcurrentSteps);
      gates.set(use.name, gate);
      ways.unshift(
        () => gate.take(signal),
        () => pool(step.key, use, signal),
      );
    }
    for (const way of ways) {
      const one = await way();
      if (one) held.push(one);
      if (!one || signal.aborted) {
        leave();
        return undefined;
      }
    }
    return leave;
  };
}

function end({ emit, signal }: ExecuteParams, plan: PlannedRun, outcomes: ReadonlyMap<string, StepOutcome>): RunOutcome {
  const failed = plan.steps.filter((step) => outcomes.get(step.key) === "failed").map((step) => step.key);
  const unfinished = [...outcomes.values()].some((outcome) => ["cancelled", "skipped", "late"].includes(outcome));
  if (signal.aborted && unfinished) {
    const stop = stopOf(signal);
    emit({
      type: stop?.failed ? "run_failed" : "run_cancelled",
      ...(stop?.message ? { message: stop.message } : {}),
      ...(stop?.crashed ? { fields: { crashed: true } } : {}),
    });
    return stop?.failed ? "failed" : "cancelled";
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
