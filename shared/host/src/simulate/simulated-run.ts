import { type CheckSnapshot, type NewEvent, type PlannedStep, parseCheckName, type Run } from "@kc/runtime/internal";

/** How a simulated asset ends. */
export type SimulatedOutcome = "materialized" | "unchanged" | "failed";
/** How a simulated check ends: `warned` failed with severity WARN, `failed` with ERROR. */
export type SimulatedCheck = "passed" | "warned" | "failed";

export interface SimulatedAnswers {
  outcomeOf(asset: string, run: Run): SimulatedOutcome;
  checkOf(asset: string, check: string, run: Run): SimulatedCheck;
  /** The checks of an asset as its location has them. */
  checksOf(asset: string): readonly CheckSnapshot[];
}

/** The events of a run whose assets and checks end as they are told to. */
export function simulatedEvents(run: Run, at: number, answers: SimulatedAnswers): NewEvent[] {
  const base = { at, runId: run.id };
  const bad = new Set<string>();
  const checked = (
    step: PlannedStep,
    asset: string,
    check: CheckSnapshot,
  ): { event: NewEvent; failed: boolean; blocks: boolean } => {
    const answer = answers.checkOf(asset, check.name, run);
    const severity = answer === "warned" ? "WARN" : "ERROR";
    return {
      failed: answer === "failed",
      blocks: answer === "failed" && check.blocking,
      event: {
        ...base,
        type: "check_result",
        step: step.key,
        asset,
        ...(step.partition ? { partition: step.partition } : {}),
        check: { name: check.name, passed: answer === "passed", severity, blocking: check.blocking },
        metadata: {},
      },
    };
  };
  const checkStep = (step: PlannedStep): NewEvent[] => {
    const results = step.checks!.flatMap((text) => {
      const { asset, name } = parseCheckName(text);
      const check = answers.checksOf(asset).find((one) => one.name === name);
      return check ? [checked(step, asset, check)] : [];
    });
    const failed = results.some((one) => one.failed);
    if (failed) bad.add(step.key);
    const error = { error: { message: "a check failed", user: true } };
    return [
      ...results.map((one) => one.event),
      { ...base, step: step.key, ...(failed ? { type: "step_failed" as const, ...error } : { type: "step_succeeded" as const }) },
    ];
  };
  const stepEvents = (step: PlannedStep): NewEvent[] => {
    if (step.needs.some((need) => bad.has(need))) {
      bad.add(step.key);
      const message = "a step that it needs did not succeed";
      return step.assets.map((asset) => ({ ...base, type: "step_skipped", step: step.key, asset, message }));
    }
    if (step.checks) return checkStep(step);
    return step.assets.flatMap((asset): NewEvent[] => {
      const outcome = answers.outcomeOf(asset, run);
      const about = { ...base, step: step.key, asset, ...(step.partition ? { partition: step.partition } : {}) };
      if (outcome === "failed") {
        bad.add(step.key);
        return [{ ...about, type: "step_failed", error: { message: "failed in the simulation", user: true } }];
      }
      const results = answers.checksOf(asset).map((check) => checked(step, asset, check));
      const blocked = results.filter((one) => one.blocks).map((one) => one.event.check!.name);
      if (blocked.length > 0) bad.add(step.key);
      return [
        { ...about, type: outcome === "unchanged" ? "unchanged" : "materialization", metadata: {} },
        ...results.map((one) => one.event),
        blocked.length > 0
          ? { ...about, type: "step_failed", error: { message: `blocking check failed: ${blocked.join(", ")}`, user: true } }
          : { ...about, type: "step_succeeded" },
      ];
    });
  };
  const steps = run.plan.steps.flatMap(stepEvents);
  return [
    ...steps,
    bad.size > 0
      ? { ...base, type: "run_failed", message: `failed: ${[...bad].join(", ")}` }
      : { ...base, type: "run_succeeded" },
  ];
}
