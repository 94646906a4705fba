import { anyDepsUpdated, buildGraph, type LocationSnapshot, type Storage } from "@kc/runtime/internal";
import { newRun, runEvent } from "@kc/runtime/testing";
import { openSqlite } from "@kc/storage/sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventLog } from "../log.ts";
import { livePartitions } from "../partitions.ts";
import type { SubmitRequest } from "../runs/submit.ts";
import { tickAutomation } from "./automation.ts";
import { addPause } from "./automation-pauses.ts";
import type { DaemonContext } from "./context.ts";

const asset = (key: string, deps: string[] = []) => ({
  key,
  step: key,
  deps,
  group: "default",
  owners: [],
  kinds: [],
  tags: {},
  metadata: {},
  checks: [],
  external: false,
  subset: true,
  resources: [],
  ...(deps.length > 0 ? { automation: anyDepsUpdated() } : {}),
});
const snapshot: LocationSnapshot = {
  name: "team",
  assets: [asset("source"), asset("made", ["source"])],
  jobs: [],
  schedules: [],
  sensors: [{ name: "automation", type: "automation", intervalMs: 0, selection: "*", defaultStatus: "running" }],
  components: [],
  warnings: [],
};
let { graph } = buildGraph([snapshot]);
const location = { entry: { name: "team" }, status: "loaded", snapshot };

let storage: Storage;
let requests: string[][];
let full = false;
const tick = (over: Storage = storage) => {
  const log = eventLog(over);
  return tickAutomation(
    {
      log,
      workspace: { graph: () => graph, locations: () => [location], location: () => location },
      storage: over,
      clock: { now: () => now },
      requests: {
        async submit({ assets, values = {} }: SubmitRequest) {
          if (full) throw new Error("disk full");
          requests.push([...(assets ?? [])]);
          for (const [name, value] of Object.entries(values)) await storage.setValue(name, value);
          return { requestId: "r", runs: [], created: true };
        },
      },
      report: () => {},
      automation: { maxRequestsPerMinute: 20 },
      partitions: livePartitions({
        workspace: { graph: () => graph },
        storage: over,
        log,
        clock: { now: () => now, sleep: async () => {} },
      }),
    } as unknown as DaemonContext,
    new Map(),
  );
};
let now = 5;
const update = () => storage.appendEvents([{ type: "materialization", at: 1, asset: "source" }]);

beforeEach(async () => {
  storage = openSqlite(":memory:");
  requests = [];
  // The first look is no update.
  await tick();
});
afterEach(() => storage.close());

test("each update is requested for once, tick after tick", async () => {
  for (let round = 1; round <= 3; round++) {
    await update();
    await tick();
    await tick();
    expect(requests).toEqual(Array(round).fill(["made"]));
  }
});

test("an event that is stored while the daemon looks counts once", async () => {
  const late = Object.assign(Object.create(storage) as Storage, {
    async lastEventId() {
      const last = await storage.lastEventId();
      await update();
      return last;
    },
  });
  await tick(late);
  expect(requests).toEqual([]);
  await tick();
  await tick();
  expect(requests).toEqual([["made"]]);
});

test("a tick whose request could not be stored is made up for", async () => {
  await update();
  full = true;
  await expect(tick()).rejects.toThrow("disk full");
  full = false;
  await tick();
  await tick();
  expect(requests).toEqual([["made"]]);
});

test("an asset that became due while it was paused and was then renamed keeps nobody from being looked at", async () => {
  await addPause(storage, { selection: "key:made", forMs: undefined, now }, graph);
  await update();
  await tick();
  const before = graph;
  location.snapshot = { ...snapshot, assets: [asset("source"), asset("renamed", ["source"])] };
  ({ graph } = buildGraph([location.snapshot]));
  try {
    await tick();
    await update();
    await tick();
    expect(requests).toEqual([["renamed"]]);
  } finally {
    graph = before;
    location.snapshot = snapshot;
  }
});

test("what one run makes is one request: an update waits for the rest of its run, at most two seconds", async () => {
  now = 10_000;
  await storage.createRuns(
    [newRun("r", { plan: { location: "team", assets: ["source", "other"], steps: [], needs: [] } })],
    [runEvent("r", "run_queued")],
  );
  await storage.appendEvents([
    runEvent("r", "run_started", { seq: 1 }),
    runEvent("r", "materialization", { at: now, seq: 2, asset: "source" }),
  ]);
  expect(await tick()).toBe(12_000);
  expect(requests).toEqual([]);
  await storage.appendEvents([runEvent("r", "run_succeeded", { seq: 3 })]);
  await tick();
  expect(requests).toEqual([["made"]]);

  await storage.createRuns(
    [newRun("long", { plan: { location: "team", assets: ["source", "other"], steps: [], needs: [] } })],
    [runEvent("long", "run_queued")],
  );
  await storage.appendEvents([
    runEvent("long", "run_started", { seq: 1 }),
    runEvent("long", "materialization", { at: now, seq: 2, asset: "source" }),
  ]);
  await tick();
  expect(requests).toHaveLength(1);
  now = 12_000;
  await tick();
  expect(requests).toHaveLength(2);
  now = 5;
});
