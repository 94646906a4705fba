import { describe, expect, test } from "vitest";
import { parseAssetKey } from "./asset-key.ts";
import { systemClock } from "./clock.ts";
import { durationMs, formatDuration } from "./duration.ts";
import { eventTypes, isEnd, nextStatus, runStatuses } from "./event.ts";
import { md, plainMetadata, typedMetadata } from "./metadata.ts";

describe("durations", () => {
  test.each([
    ["500ms", 500],
    ["30s", 30_000],
    ["5m", 300_000],
    ["1.5h", 5_400_000],
    ["1d", 86_400_000],
    ["1w", 604_800_000],
    ["1h30m", 5_400_000],
  ])("%s is %i ms", (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });
  test.each(["", "5", "m", "5 m", "-5m", "0s", "5min", "1h 30m", "5mx", "NaNs"])(
    "%j is refused by name, with the form to write",
    (text) => {
      expect(() => durationMs(text, "interval")).toThrow(
        expect.objectContaining({ message: `interval "${text}" is not a duration`, hint: expect.stringContaining("1h30m") }),
      );
    },
  );
  test.each([
    [0, "0ms"],
    [999, "999ms"],
    [1_500, "1.5s"],
    [10_000, "10s"],
    [60_000, "1m"],
    [5_400_000, "1h30m"],
    [90_061_000, "1d1h"],
    [86_401_000, "1d1s"],
  ])("%i ms reads as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe("asset keys", () => {
  test.each(["orders", "team/orders", "a.b-c_d/1", "_x"])("%s is one", (key) => {
    expect(parseAssetKey(key)).toBe(key);
  });
  test.each([
    ["", "an asset key is empty"],
    ["a//b", 'bad part ""'],
    ["/a", 'bad part ""'],
    ["a/", 'bad part ""'],
    ["a/../b", 'bad part ".."'],
    ["a b", 'bad part "a b"'],
    ["a/-x", 'bad part "-x"'],
    ["ä", 'bad part "ä"'],
    ["x".repeat(513), "longer than 512"],
  ])("%j is none", (key, message) => {
    expect(() => parseAssetKey(key)).toThrow(message);
  });
});

describe("metadata", () => {
  test("plain values get their type, empty ones are left out", () => {
    expect(typedMetadata({ rows: 3, ok: true, note: "x", path: md.path("/x"), none: null, gone: undefined })).toEqual({
      rows: { type: "number", value: 3 },
      ok: { type: "bool", value: true },
      note: { type: "text", value: "x" },
      path: { type: "path", value: "/x" },
    });
    expect(typedMetadata()).toEqual({});
  });
  test("what a database counts comes as bigint and is a number as long as that is exact", () => {
    expect(typedMetadata({ rows: 5n as never })).toEqual({ rows: { type: "number", value: 5 } });
    expect(typedMetadata({ rows: (2n ** 60n) as never })).toEqual({ rows: { type: "text", value: "1152921504606846976" } });
  });
  test("a number that JSON cannot carry is kept as text", () => {
    expect(typedMetadata({ share: Number.NaN })).toEqual({ share: { type: "text", value: "NaN" } });
  });
  test("a value that is no metadata is refused by name", () => {
    expect(() => typedMetadata({ f: (() => 1) as never })).toThrow('metadata "f"');
    expect(() => typedMetadata({ rows: [1, 2] as never })).toThrow('metadata "rows"');
    expect(() => typedMetadata({ o: { a: 1 } as never })).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("md.json") }),
    );
  });
  test("upstream code sees the plain values again", () => {
    expect(plainMetadata(typedMetadata({ rows: 3, at: md.timestamp(new Date(0)), t: md.table(["a"], [[1]]) }))).toEqual({
      rows: 3,
      at: "1970-01-01T00:00:00.000Z",
      t: { columns: ["a"], rows: [[1]] },
    });
    expect([md.url("https://u"), md.markdown("m"), md.json([1])].map((value) => value.type)).toEqual(["url", "markdown", "json"]);
  });
});

describe("nextStatus()", () => {
  test.each([
    ["queued", "run_starting", "starting"],
    ["starting", "run_started", "running"],
    ["starting", "run_queued", "queued"],
    ["running", "run_queued", "running"],
    ["cancelling", "run_queued", "cancelling"],
    ["running", "run_succeeded", "succeeded"],
    ["running", "run_cancelling", "cancelling"],
    ["cancelling", "run_started", "cancelling"],
    ["cancelling", "run_starting", "cancelling"],
    ["cancelling", "run_succeeded", "succeeded"],
    ["cancelling", "run_cancelled", "cancelled"],
    ["queued", "run_skipped", "skipped"],
    ["running", "materialization", "running"],
  ] as const)("%s after %s is %s", (status, type, next) => {
    expect(nextStatus(status, { type })).toBe(next);
  });
  test("a run that has ended stays as it is, whatever comes", () => {
    for (const status of runStatuses.filter(isEnd))
      for (const type of eventTypes) expect(nextStatus(status, { type })).toBe(status);
  });
});

describe("the system clock", () => {
  test("a sleep ends with its signal, and at once when that is aborted already", async () => {
    const abort = new AbortController();
    const sleeping = systemClock.sleep(3_600_000, abort.signal);
    abort.abort();
    await sleeping;
    await systemClock.sleep(3_600_000, abort.signal);
    expect(systemClock.now()).toBeGreaterThan(0);
  });
});
