import { describe, expect, test } from "vitest";
import { asset, externalAsset } from "../asset.ts";
import type { AutomationCondition } from "../automation.ts";
import * as automation from "../automation-algebra.ts";
import { buildGraph } from "../graph.ts";
import { defineLocation } from "../location.ts";
import { assembleLocation } from "./assemble.ts";
import { automationProblems } from "./automation-problems.ts";

const { eager, anyDepsUpdated, missing, newlyUpdated } = automation;
const load = (condition: AutomationCondition) =>
  assembleLocation(defineLocation({ name: "team", assets: [asset({ key: "a", automation: condition, materialize: () => {} })] }));
const caught = (work: () => unknown): { message: string; where?: string; hint?: string } => {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was refused");
};

describe("conditions that are refused", () => {
  test.each<[string, () => unknown, RegExp]>([
    ["a cron that is none", () => automation.onCron("every day"), /"every day" is no cron expression/],
    ["a time zone that is none", () => automation.onCron("0 * * * *", "Mars/Base"), /no time zone "Mars\/Base"/],
    ["a selection that does not parse", () => automation.anyDepsUpdated({ only: "group:(" }), /group/],
    ["since of nothing", () => automation.since(newlyUpdated(), undefined as never), /since\(\) was given no condition/],
    ["a function instead of its call", () => automation.not(missing as never), /not\(\) was given no condition/],
    ["and of nothing", () => automation.and(), /and\(\) needs at least one condition/],
    ["a lookback that is no duration", () => automation.inLatestTimeWindow("soon" as never), /"soon" is not a duration/],
    [
      "a label that is not there",
      () => automation.replace(eager(), "any_deps_missin", missing()),
      /no part "any_deps_missin".*any_deps_missing/,
    ],
    ["a part to leave out that is not there", () => automation.without(eager(), "in_progres"), /in_progress/],
    ["to leave out everything", () => automation.without(automation.or(missing()), missing()), /nothing of "or" would be left/],
    ["a filter where nothing looks at dependencies", () => automation.ignore(missing(), "key:x"), /looks at no dependencies/],
  ])("%s, when it is written", (_, work, message) => {
    expect(caught(work).message).toMatch(message);
  });

  test.each<[string, unknown, RegExp]>([
    ["a type that is none", { type: "mising" }, /no condition "mising".*missing/],
    ["since of nothing", { type: "since", trigger: { type: "missing" } }, /since of nothing/],
    ["and of nothing", { type: "and", conditions: [] }, /and of nothing/],
    ["a bad cron", { type: "cronTickPassed", cron: "61 * * * *", timezone: "UTC" }, /61/],
    ["a bad selection", { type: "anyDeps", condition: { type: "missing" }, only: "(" }, /automation: anyDeps/],
    ["a check's operand outside of checks", { type: "checkFailed" }, /checkFailed speaks of a check/],
  ])("%s, when it is loaded, with the place of the asset", (_, condition, message) => {
    const error = caught(() => load(condition as AutomationCondition));
    expect(error.message).toMatch(/^asset "a": automation: /);
    expect(error.message).toMatch(message);
    expect(error.where).toMatch(/automation-problems\.test\.ts:\d+$/);
  });

  test("a condition of an external asset", () => {
    const external = externalAsset({ key: "x", automation: eager() });
    const error = caught(() => assembleLocation(defineLocation({ name: "team", assets: [external] })));
    expect(error.message).toMatch(/asset "x": automation: nothing in kc makes an external asset/);
  });

  test("a selection of dependencies that names no asset is a problem of the workspace, with the nearest name", () => {
    const { snapshot } = load(anyDepsUpdated({ only: "key:orderz" }));
    const { graph } = buildGraph([
      snapshot,
      { ...snapshot, name: "other", assets: [{ ...snapshot.assets[0]!, key: "orders", automation: eager() }] },
    ]);
    expect(automationProblems(graph).map(({ message }) => message)).toEqual([
      expect.stringMatching(/^automation of asset "a" \(location team, .*\): there is no asset "orderz"\. Did you mean "?orders/),
    ]);
  });
});

describe("conditions that are changed", () => {
  const text = (condition: AutomationCondition) => JSON.stringify(condition);
  test("a part is replaced by its label, wherever it stands", () => {
    const changed = automation.replace(eager(), "any_deps_updated", automation.withLabel(newlyUpdated(), "mine"));
    expect(text(changed)).toContain('"label":"mine"');
    expect(text(changed)).not.toContain("any_deps_updated");
    expect(changed.label).toBe("eager");
  });
  test("a part is replaced by being equal", () => {
    expect(automation.replace(automation.or(missing(), newlyUpdated()), missing(), newlyUpdated())).toEqual(
      automation.or(newlyUpdated(), newlyUpdated()),
    );
  });
  test("what is left out goes with its negation", () => {
    const changed = automation.without(eager(), "any_deps_missing");
    expect((changed as { conditions?: unknown[] }).conditions).toHaveLength(4);
    expect(text(changed)).not.toContain("any_deps_missing");
  });
  test("filters reach every part that looks at dependencies, and add to each other", () => {
    const changed = text(automation.ignore(automation.ignore(eager(), "key:x"), "key:y"));
    expect(changed.match(/"ignore":"\(key:x\) or \(key:y\)"/g)).toHaveLength(3);
    expect(text(automation.allow(automation.allow(anyDepsUpdated(), "group:a"), "kind:b"))).toContain(
      '"only":"(group:a) and (kind:b)"',
    );
  });
  test("the condition that is changed stays as it was", () => {
    const before = eager();
    automation.without(before, "in_progress");
    expect(before).toEqual(eager());
  });
});
