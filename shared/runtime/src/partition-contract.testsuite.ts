import { expect, test } from "vitest";
import type { NewEvent } from "./event.ts";
import type { Storage } from "./storage.ts";

const about = (type: NewEvent["type"], partition: string | undefined, asset = "orders"): NewEvent => ({
  type,
  at: 2_000,
  runId: "r1",
  asset,
  ...(partition === undefined ? {} : { partition }),
});

/** What every storage keeps of partitions. */
export function partitionContract(open: () => Storage): void {
  test("a partition remembers its latest materialization and its latest failure", async () => {
    const storage = open();
    const [made, failed, again] = await storage.appendEvents([
      about("materialization", "2026-01-01"),
      about("step_failed", "2026-01-01"),
      about("materialization", "2026-01-01"),
    ]);
    expect(await storage.partitionRows("orders")).toEqual([
      {
        partition: "2026-01-01",
        materialized: { eventId: again!.id, at: 2_000, runId: "r1" },
        failedEventId: failed!.id,
        failedRunId: "r1",
      },
    ]);
    expect(made!.id).toBeLessThan(failed!.id);
  });
  test("an event about several partitions is kept as it names them: keys and ranges", async () => {
    const storage = open();
    await storage.appendEvents([about("materialization", "2026-01-01...2026-01-31,2026-03-01")]);
    expect((await storage.partitionRows("orders")).map((row) => row.partition)).toEqual([
      "2026-01-01...2026-01-31",
      "2026-03-01",
    ]);
  });
  test("events without a partition, of other kinds or of other assets leave no trace", async () => {
    const storage = open();
    await storage.appendEvents([
      about("materialization", undefined),
      about("unchanged", "a"),
      about("step_succeeded", "a"),
      about("materialization", "a", "other"),
    ]);
    expect(await storage.partitionRows("orders")).toEqual([]);
    expect(await storage.partitionRows("other")).toHaveLength(1);
  });
  test("a step that was cancelled says nothing of its partitions, nor of the asset", async () => {
    const storage = open();
    await storage.appendEvents([{ ...about("step_failed", "a"), fields: { cancelled: true } }]);
    expect(await storage.partitionRows("orders")).toEqual([]);
    expect((await storage.assetStates(["orders"])).get("orders")?.last ?? null).toBeNull();
  });
  test("a wiped partition remembers only that; a wiped asset forgets all of its partitions, and other assets nothing", async () => {
    const storage = open();
    await storage.appendEvents([
      about("materialization", "a"),
      about("step_failed", "b"),
      about("materialization", "a", "other"),
    ]);
    const [wiped] = await storage.appendEvents([about("wiped", "a")]);
    expect((await storage.partitionRows("orders")).find((row) => row.partition === "a")).toEqual({
      partition: "a",
      materialized: null,
      failedEventId: null,
      failedRunId: null,
      wipedEventId: wiped!.id,
    });
    await storage.appendEvents([about("materialization", "x"), about("wiped", undefined), about("materialization", "y")]);
    expect((await storage.partitionRows("orders")).map((row) => row.partition)).toEqual(["y"]);
    expect(await storage.partitionRows("other")).toHaveLength(1);
  });
  test("an event that is stored already counts once", async () => {
    const storage = open();
    const [first] = await storage.appendEvents([{ ...about("materialization", "a"), seq: 1 }]);
    expect(await storage.appendEvents([{ ...about("materialization", "a"), seq: 1, at: 9_000 }])).toEqual([]);
    expect((await storage.partitionRows("orders"))[0]!.materialized).toEqual({ eventId: first!.id, at: 2_000, runId: "r1" });
  });
  test("only what is newer than an event is read where that is asked for", async () => {
    const storage = open();
    const [first] = await storage.appendEvents([about("materialization", "a")]);
    await storage.appendEvents([about("materialization", "b"), about("step_failed", "c")]);
    expect((await storage.partitionRows("orders", first!.id)).map((row) => row.partition).sort()).toEqual(["b", "c"]);
  });
  const result = (
    name: string,
    partition: string | undefined,
    passed: boolean,
    severity: "WARN" | "ERROR" = "ERROR",
  ): NewEvent => ({
    ...about("check_result", partition),
    check: { name, passed, severity, blocking: false, ...(passed ? {} : { description: `${name} is wrong` }) },
  });
  const checksOf = async (storage: Storage, after?: number) =>
    (await storage.checkRows("orders", after))
      .map(
        (row) =>
          `${row.check}[${row.partition}] ${row.passed ? "passed" : `failed ${row.severity}: ${row.description}`} ${row.eventId}`,
      )
      .sort();
  test("of each check the latest result by partition, by range and of the whole asset", async () => {
    const storage = open();
    const stored = await storage.appendEvents([
      result("rows", "a", true),
      result("rows", "a", false),
      result("rows", "b...d,f", false, "WARN"),
      result("rows", undefined, true),
      result("ids", "a", true),
      { ...result("rows", "a", true), asset: "other" },
    ]);
    const [, a, list, whole, ids] = stored.map((one) => one.id);
    expect(await checksOf(storage)).toEqual([
      `ids[a] passed ${ids}`,
      `rows[] passed ${whole}`,
      `rows[a] failed ERROR: rows is wrong ${a}`,
      `rows[b...d] failed WARN: rows is wrong ${list}`,
      `rows[f] failed WARN: rows is wrong ${list}`,
    ]);
    expect(await checksOf(storage, whole)).toEqual([`ids[a] passed ${ids}`]);
    expect((await storage.checkRows("orders")).find((row) => row.partition === "a")).toMatchObject({ at: 2_000, runId: "r1" });
    // A later result takes the place of the one before.
    const [again] = await storage.appendEvents([result("rows", "a", true)]);
    expect((await checksOf(storage)).filter((text) => text.startsWith("rows[a]"))).toEqual([`rows[a] passed ${again!.id}`]);
  });
  test("a partition that is wiped is told beside its results; a wiped asset has none left, other assets keep theirs", async () => {
    const storage = open();
    await storage.appendEvents([result("rows", "a", false), { ...result("rows", "a", false), asset: "other" }]);
    const [wiped] = await storage.appendEvents([about("wiped", "a")]);
    expect((await storage.checkRows("orders", wiped!.id - 1)).map(({ check, partition }) => [check, partition])).toEqual([
      ["", "a"],
    ]);
    await storage.appendEvents([result("rows", "b", false), about("wiped", undefined), result("rows", "c", true)]);
    expect((await storage.checkRows("orders")).map(({ partition }) => partition)).toEqual(["c"]);
    expect(await storage.checkRows("other")).toHaveLength(1);
  });
  test("thousands of partitions in one batch", async () => {
    const storage = open();
    await storage.appendEvents(Array.from({ length: 3_000 }, (_, n) => about("materialization", `key_${n}`)));
    expect(await storage.partitionRows("orders")).toHaveLength(3_000);
  });
  test("dynamic keys keep the order in which they were added; adding and deleting twice changes nothing", async () => {
    const storage = open();
    expect(await storage.changeDynamicPartitions("customers", { add: ["b", "a"], at: 1 })).toMatchObject({
      added: ["b", "a"],
      deleted: [],
    });
    const again = await storage.changeDynamicPartitions("customers", { add: ["a", "c", "c"], delete: ["x"], at: 2 });
    expect(again).toMatchObject({ added: ["c"], deleted: [] });
    expect(again.events[0]).toMatchObject({
      type: "dynamic_partitions",
      fields: { name: "customers", added: ["c"], deleted: [] },
    });
    expect((await storage.dynamicPartitions()).get("customers")).toEqual(["b", "a", "c"]);
    expect(await storage.changeDynamicPartitions("customers", { add: ["a"], at: 3 })).toEqual({
      added: [],
      deleted: [],
      events: [],
    });
    expect(await storage.changeDynamicPartitions("customers", { delete: ["b", "b"], at: 4 })).toMatchObject({ deleted: ["b"] });
    await storage.changeDynamicPartitions("customers", { add: ["b"], at: 5 });
    expect((await storage.dynamicPartitions()).get("customers")).toEqual(["a", "c", "b"]);
  });
  test("names of dynamic definitions are apart from each other; 40,000 keys are no more than a list", async () => {
    const storage = open();
    await storage.changeDynamicPartitions("one", { add: ["a"], at: 1 });
    await storage.changeDynamicPartitions("two", { add: Array.from({ length: 40_000 }, (_, n) => `k${n}`), at: 1 });
    const all = await storage.dynamicPartitions();
    expect([...all].map(([name, keys]) => [name, keys.length]).sort()).toEqual([["one", 1], ["two", 40_000]]); // biome-ignore format: short
    expect(all.get("two")!.slice(0, 3)).toEqual(["k0", "k1", "k2"]);
  });
}
