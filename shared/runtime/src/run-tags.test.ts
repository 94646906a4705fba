import { expect, test } from "vitest";
import { checkGivenTags, checkRunTags, runTagsOf } from "./run-tags.ts";

test.each([
  ["kc/priority", "high", 'tag kc/priority: "high" is not a whole number'],
  ["kc/max_retries", "-1", "is not a whole number from 0"],
  ["kc/max_concurrent", "0", "is not a whole number from 1"],
  ["kc/max_runtime", "long", 'is not a duration such as "30m"'],
  ["kc/retry_strategy", "some", "is not from_failure or all_steps"],
  ["team\0", "x", 'tag "team\\u0000": a NUL cannot be kept'],
  ["team", "\0", 'tag "team": a NUL cannot be kept'],
  ["team", "a\ud800", "half a character"],
  ["\udc00", "x", "half a character"],
])("a run with the tag %j: %j is refused", (name, value, message) => {
  expect(() => checkRunTags({ [name]: value })).toThrow(message);
});

test("other tags say what they like", () => {
  expect(() => checkRunTags({ team: "", "kc/priority": "-3", ünïcode: "a\nb" })).not.toThrow();
});

test("what kc sets itself is nobody else's to set, neither of a request nor of a definition", () => {
  for (const name of ["kc/backfill", "kc/automation", "kc/job", "kc/anything"]) {
    expect(() => checkGivenTags({ [name]: "x" })).toThrow(`tag ${name} is one that kc sets itself`);
    expect(() => runTagsOf('job "j"', { [name]: "x" })).toThrow(`job "j": tag ${name}`);
    expect(() => checkRunTags({ [name]: "x" })).not.toThrow();
  }
  expect(() => checkGivenTags({ "kc/priority": "5", kc: "x", "kcs/x": "y" })).not.toThrow();
});
