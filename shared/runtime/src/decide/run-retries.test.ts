import { describe, expect, test } from "vitest";
import type { PlannedRun } from "../plan.ts";
import { decideRunRetry, type RunRetryPolicy, rerunPlan } from "./run-retries.ts";

const policy: RunRetryPolicy = { max: 2, delay: "10s", backoff: "exponential", strategy: "from_failure", onStepFailure: true };
const failed = (tags: Record<string, string> = {}) => ({ status: "failed" as const, tags, endedAt: 1_000 });
const end = (more: object = {}) => ({ type: "run_failed" as const, ...more });

describe("decideRunRetry()", () => {
  test("a failed run is run again as often as it may, each time after its delay", () => {
    expect(decideRunRetry(failed(), [end()], policy)).toEqual({
      retry: true,
      number: 1,
      of: 2,
      strategy: "from_failure",
      at: 11_000,
    });
    expect(decideRunRetry(failed({ "kc/retry_number": "1" }), [end()], policy)).toMatchObject({ number: 2, at: 21_000 });
    expect(decideRunRetry(failed({ "kc/retry_number": "2" }), [end()], policy)).toEqual({
      retry: false,
      why: "it was run 3 times",
    });
  });
  test("a run whose retry was cancelled, or that somebody ran again, is not", () => {
    const cancelled = { type: "run_retry_cancelled" as const, message: "run again by hand, as r" };
    expect(decideRunRetry(failed(), [end(), cancelled], policy)).toEqual({ retry: false, why: "run again by hand, as r" });
  });
  test("tags of the run win over the setting", () => {
    const tags = { "kc/max_retries": "1", "kc/retry_strategy": "all_steps" };
    expect(decideRunRetry(failed(tags), [end()], { ...policy, max: 0 })).toMatchObject({
      number: 1,
      of: 1,
      strategy: "all_steps",
    });
    expect(decideRunRetry(failed({ "kc/max_retries": "0" }), [end()], policy)).toEqual({
      retry: false,
      why: "run retries are off",
    });
  });
  test.each([
    ["a cancelled run", { ...failed(), status: "cancelled" as const }, [], policy],
    ["a run that succeeded", { ...failed(), status: "succeeded" as const }, [], policy],
    ["refused config", failed(), [end({ error: { message: "config", user: true } })], policy],
    ["definitions that do not load", failed(), [end({ fields: { refused: true } })], policy],
    ["a final user error", failed(), [{ type: "step_failed" as const, fields: { final: true } }, end()], policy],
    ["a failed step where only crashes count", failed(), [end()], { ...policy, onStepFailure: false }],
  ])("%s is not run again", (_, run, events, settings) => {
    expect(decideRunRetry(run, events, settings).retry).toBe(false);
  });
  test("a crash is run again where only crashes count", () => {
    expect(decideRunRetry(failed(), [end({ fields: { crashed: true } })], { ...policy, onStepFailure: false }).retry).toBe(true);
  });
});

describe("rerunPlan()", () => {
  const plan: PlannedRun = {
    location: "team",
    assets: ["a", "b", "c1", "c2", "d"],
    needs: [],
    steps: [
      { key: "a", name: "a", assets: ["a"], needs: [] },
      { key: "b", name: "b", assets: ["b"], needs: ["a"] },
      { key: "c", name: "c", assets: ["c1", "c2"], needs: ["a"] },
      { key: "d", name: "d", assets: ["d"], needs: ["b", "c"] },
    ],
  };
  test("from failure has the failed steps and those after them, in their order", () => {
    const rest = rerunPlan(plan, "from_failure", new Set(["a", "c1", "c2"]), () => true)!;
    expect(rest.steps).toEqual([
      { key: "b", name: "b", assets: ["b"], needs: [] },
      { key: "d", name: "d", assets: ["d"], needs: ["b"] },
    ]);
    expect(rest.assets).toEqual(["b", "d"]);
  });
  test("a step makes what it had not made, and all of it where it cannot be split", () => {
    expect(rerunPlan(plan, "from_failure", new Set(["a", "b", "c1", "d"]), () => true)!.assets).toEqual(["c2"]);
    expect(rerunPlan(plan, "from_failure", new Set(["a", "b", "c1", "d"]), () => false)!.assets).toEqual(["c1", "c2"]);
  });
  test("all steps are all steps; nothing left is nothing", () => {
    expect(rerunPlan(plan, "all_steps", new Set(plan.assets), () => true)).toEqual(plan);
    expect(rerunPlan(plan, "from_failure", new Set(plan.assets), () => true)).toBeUndefined();
  });
});
