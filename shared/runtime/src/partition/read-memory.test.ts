import { expect, test } from "vitest";
import { dynamicPartitions, multiPartitions, staticPartitions } from "./definition.ts";
import { partitionSpace } from "./space.ts";

const keys = Array.from({ length: 500 }, (_, at) => `k${at}`);
const spaceOf = (definition: Parameters<typeof partitionSpace>[0], dynamic: readonly string[] = []) =>
  partitionSpace(definition, { now: 0, dynamicKeys: () => dynamic });

test("a long list that was read is read again as the same set, in the next look too", () => {
  const definition = staticPartitions(keys);
  const set = spaceOf(definition).read(keys.slice(0, 100));
  expect(spaceOf(definition).read(keys.slice(0, 100))).toBe(set);
  expect(spaceOf(definition).count(spaceOf(definition).read(keys.slice(0, 99)))).toBe(99);
});

test("what was written is read as the set that it was", () => {
  const definition = staticPartitions(keys);
  const space = spaceOf(definition);
  const set = space.read(keys.slice(10, 60));
  expect(space.read(space.kept(set))).toBe(set);
});

test("keys that were deleted or moved meanwhile are read anew", () => {
  const definition = dynamicPartitions("files");
  const all = spaceOf(definition, keys).read(keys);
  expect(spaceOf(definition, keys).count(all)).toBe(500);
  const left = keys.slice(100);
  const after = spaceOf(definition, left);
  expect(after.count(after.read(keys))).toBe(400);
  expect(after.keys(after.read(keys), { limit: 1 })).toEqual(["k100"]);
});

test("of several dimensions each list of dynamic keys counts", () => {
  const definition = multiPartitions({ a: staticPartitions(["x", "y"]), b: dynamicPartitions("files") });
  const texts = keys.map((key) => `x|${key}`);
  expect(spaceOf(definition, keys).count(spaceOf(definition, keys).read(texts))).toBe(500);
  const fewer = keys.slice(0, 7);
  expect(spaceOf(definition, fewer).count(spaceOf(definition, fewer).read(texts))).toBe(7);
});
