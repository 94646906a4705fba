import { expect, test } from "vitest";
import { parentOf, processTree, pssBytes } from "./processes.ts";

test("the parent is found behind a command name with brackets and blanks", () => {
  expect(parentOf("4711 (a (weird) name) S 42 4711 4711 0 -1")).toBe(42);
});

test("a tree is a process and everything below it, nothing beside it", () => {
  const of = new Map([
    [1, 0],
    [10, 1],
    [11, 10],
    [12, 11],
    [20, 1],
  ]);
  expect(processTree(10, of)).toEqual([10, 11, 12]);
});

test("the proportional set size is read in bytes; its parts are not it", () => {
  const rollup =
    "55d0 ---p 00000000 [rollup]\nRss:            2000 kB\nPss:             123 kB\nPss_Dirty:        99 kB\nPss_Anon:  7 kB\n";
  expect(pssBytes(rollup)).toBe(123 * 1024);
  expect(() => pssBytes("Rss: 1 kB\n")).toThrow("no Pss");
});
