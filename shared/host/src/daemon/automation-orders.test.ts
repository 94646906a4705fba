import { buildGraph, UserError } from "@kc/runtime/internal";
import { openMemory } from "@kc/storage/memory";
import { beforeEach, expect, test } from "vitest";
import { eventLog } from "../log.ts";
import type { SubmitRequest } from "../runs/submit.ts";
import { type AutomationOrder, carryLeft, carryOut } from "./automation-orders.ts";
import type { DaemonContext } from "./context.ts";

let storage = openMemory();
let asked: string[] = [];
let reports: string[] = [];
let failure: ((assets: readonly string[]) => Error | undefined) | undefined;
const context = (): DaemonContext =>
  ({
    storage,
    log: eventLog(storage),
    clock: { now: () => 5, sleep: async () => {} },
    workspace: { graph: () => buildGraph([]).graph },
    report: (line: string) => reports.push(line),
    requests: {
      async plan({ assets = [] }: SubmitRequest) {
        const error = failure?.(assets);
        if (error) throw error;
      },
      async submit({ assets = [], partition, runKey, values = {} }: SubmitRequest) {
        const error = failure?.(assets);
        if (error) throw error;
        asked.push([assets.join(","), partition, runKey].filter(Boolean).join(" "));
        for (const [name, value] of Object.entries(values)) await storage.setValue(name, value);
        return { requestId: `of ${assets.join(",")}`, runs: [], created: true };
      },
    },
  }) as unknown as DaemonContext;
const run = (id: string, asset: string): AutomationOrder => ({ id, type: "run", assets: [asset], partition: null });
const fill: AutomationOrder = { id: "9:1:1", type: "backfill", targets: { b: ["x", "y"] } };
const backfills = async () => (await storage.listBackfills()).map((one) => one.id);

beforeEach(() => {
  storage = openMemory();
  asked = [];
  reports = [];
  failure = undefined;
});

test("a host that dies between two requests goes on with the rest, and repeats none", async () => {
  failure = (assets) => (assets[0] === "c" ? new Error("killed") : undefined);
  await expect(carryOut(context(), [run("9:1", "a"), fill, run("9:1:2", "c")], { cursor: "after" })).rejects.toThrow("killed");
  expect(asked).toEqual(["a automation:9:1"]);
  expect(await backfills()).toEqual(["automation-9-1-1"]);
  // The decision is stored with its cursor, so that it is never made again.
  expect(await storage.getValue("cursor")).toBe("after");
  failure = undefined;
  expect((await carryLeft(context())).map((one) => one.requestId)).toEqual(["of c"]);
  expect(asked).toEqual(["a automation:9:1", "c automation:9:1:2"]);
  expect(await backfills()).toHaveLength(1);
  expect(await carryLeft(context())).toEqual([]);
});

test("a backfill that was started before the host died is not started again", async () => {
  await carryOut(context(), [fill], { cursor: "after" });
  await storage.setValue("automation.orders", JSON.stringify([fill]));
  await carryLeft(context());
  expect(await backfills()).toEqual(["automation-9-1-1"]);
});

test("one that cannot be planned is told, and holds up none of the others", async () => {
  failure = (assets) => (assets[0] === "a" ? new UserError("no such partition") : undefined);
  const carried = await carryOut(context(), [run("9:1", "a"), run("9:1:1", "b")], { cursor: "after" });
  expect(carried.map((one) => one.requestId)).toEqual(["of b"]);
  expect(reports).toEqual(["automation: a cannot be requested: no such partition"]);
  expect(await carryLeft(context())).toEqual([]);
  await carryOut(context(), [run("10:1", "a")], { cursor: "later" });
  expect(await storage.getValue("cursor")).toBe("later");
});

test("of what is requested together the ones that can be planned are made without those that cannot", async () => {
  failure = (assets) => (assets.includes("heavy") ? new UserError("heavier than its pool") : undefined);
  const together: AutomationOrder = { id: "9:1", type: "run", assets: ["ok", "heavy", "elsewhere"], partition: null };
  const [carried] = await carryOut(context(), [together], { cursor: "after" });
  expect(asked).toEqual(["ok,elsewhere automation:9:1"]);
  expect(carried!.order).toMatchObject({ assets: ["ok", "elsewhere"] });
  expect(reports).toEqual(["automation: heavy cannot be requested: heavier than its pool"]);
  expect(await storage.getValue("cursor")).toBe("after");
});

test("what can be planned one by one but not together is told once, and is not asked for again", async () => {
  failure = (assets) => (assets.length > 1 ? new UserError("not both") : undefined);
  const together: AutomationOrder = { id: "9:1", type: "run", assets: ["a", "b"], partition: null };
  expect(await carryOut(context(), [together], { cursor: "after" })).toEqual([]);
  expect(reports).toEqual(["automation: a, b cannot be requested: not both"]);
  expect(await storage.getValue("cursor")).toBe("after");
});
