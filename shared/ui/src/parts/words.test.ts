import { describe, expect, test } from "vitest";
import { conditionWord, counted, policyWord } from "./words.ts";

describe("words for people", () => {
  test.each([
    ["newlyUpdated", "made since the last look"],
    ["any_deps_updated", "any dependency was updated"],
    ["on_cron(0 6 * * *)", "on cron (0 6 * * *)"],
    ["all_deps_updated_since_cron(0 6 * * *)", "every dependency was updated since the tick (0 6 * * *)"],
    ["the team's own", "the team's own"],
    ["toString", "toString"],
    ["mine(twice)", "mine(twice)"],
  ])("a part of a condition, %s, is told as %s", (label, word) => {
    expect(conditionWord(label)).toBe(word);
  });
  test("one of a thing is not many", () => {
    expect([counted(0, "run"), counted(1, "run"), counted(1_200, "run")]).toEqual(["0 runs", "1 run", "1,200 runs"]);
  });
  test("a backfill's policy says how many runs it makes", () => {
    expect([null, "single" as const, "perPartition" as const, { chunks: 3 }].map(policyWord)).toEqual([
      null,
      "one run",
      "a run per partition",
      "3 partitions a run",
    ]);
  });
});
