import { describe, expect, test } from "vitest";
import type { StoredEvent } from "./event.ts";
import { emptyAssetState, projectAsset } from "./storage.ts";

const state = emptyAssetState("a");
const event = (type: StoredEvent["type"], more: Partial<StoredEvent> = {}): StoredEvent => ({
  id: 7,
  at: 100,
  type,
  asset: "a",
  ...more,
});

describe("projectAsset()", () => {
  test("the latest materialization replaces the one before", () => {
    const first = projectAsset(state, event("materialization", { runId: "r", metadata: { rows: { type: "number", value: 1 } } }));
    expect(first.materialization).toEqual({ eventId: 7, at: 100, runId: "r", metadata: { rows: { type: "number", value: 1 } } });
    expect(projectAsset(first, event("materialization", { id: 8, at: 200 })).materialization).toEqual({
      eventId: 8,
      at: 200,
      runId: null,
      metadata: {},
    });
  });
  test("unchanged leaves the materialization", () => {
    const made = projectAsset(state, event("materialization"));
    expect(projectAsset(made, event("unchanged", { at: 300 }))).toEqual({ ...made, unchangedAt: 300 });
  });
  test("checks are kept by name, also by a name that objects know", () => {
    const check = (name: string, passed: boolean) =>
      event("check_result", { check: { name, passed, severity: "WARN", blocking: false } });
    const after = [check("rows", false), check("__proto__", true), check("rows", true)].reduce(projectAsset, state);
    expect(Object.keys(after.checks).sort()).toEqual(["__proto__", "rows"]);
    expect(after.checks.rows).toMatchObject({ passed: true, severity: "WARN", at: 100 });
  });
  test.each(["step_succeeded", "step_failed", "step_skipped"] as const)("%s is the asset's last", (type) => {
    expect(projectAsset(state, event(type, { runId: "r" })).last).toEqual({ runId: "r", status: type.slice(5), at: 100 });
    expect(projectAsset(state, event(type)).last).toBeNull();
  });
  test("freshness is the state it entered; other events change nothing", () => {
    expect(projectAsset(state, event("freshness", { state: "warn" })).freshness).toBe("warn");
    expect(projectAsset(state, event("log"))).toBe(state);
  });
});
