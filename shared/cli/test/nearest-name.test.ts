import { expect, test } from "vitest";
import { nearestName } from "../src/nearest-name.ts";

const names = ["list", "show", "logs", "cancel", "retry", "materialize", "test", "n"];
test.each([
  ["lst", "list"],
  ["tset", "test"],
  ["mat", "materialize"],
  ["materialise", "materialize"],
  ["cancle", "cancel"],
  ["Show", "show"],
  ["stop", undefined],
  ["x", undefined],
  ["", undefined],
])("%j is near to %j", (typed, near) => expect(nearestName(typed, names)).toBe(near));
