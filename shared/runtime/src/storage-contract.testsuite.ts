import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { backfillContract } from "./backfill-contract.testsuite.ts";
import { evaluationContract } from "./evaluation-contract.testsuite.ts";
import type { NewEvent, StoredEvent } from "./event.ts";
import { leaseContract } from "./lease-contract.testsuite.ts";
import { outboxContract } from "./outbox-contract.testsuite.ts";
import { partitionContract } from "./partition-contract.testsuite.ts";
import type { NewRun, Storage } from "./storage.ts";

/** A run as the host would store it. */
export function newRun(id: string, more: Partial<NewRun> = {}): NewRun {
  const location = more.location ?? "team";
  return {
    id,
    requestId: `request-${id}`,
    location,
    plan: { location, assets: ["a"], steps: [{ key: "a", name: "a", assets: ["a"], needs: [] }], needs: [] },
    needs: [],
    tags: {},
    config: {},
    partition: null,
    runKey: null,
    createdAt: 1_000,
    ...more,
  };
}

export const runEvent = (runId: string, type: NewEvent["type"], more: Partial<NewEvent> = {}): NewEvent => ({
  type,
  at: 2_000,
  runId,
  ...more,
});

const making = (...assets: string[]): Partial<NewRun> => ({ plan: { location: "team", assets, steps: [], needs: [] } });
const ids = (rows: readonly { id: string | number }[]) => rows.map((row) => row.id);

/** The rules that every implementation of `Storage` keeps. `open` answers a new, empty storage. */
export function storageContract(name: string, open: () => Promise<Storage>): void {
  describe(`storage contract: ${name}`, () => {
    let storage: Storage;
    beforeEach(async () => {
      storage = await open();
    });
    afterEach(() => storage.close());

    describe("backfills", () => backfillContract(() => storage));
    describe("evaluations", () => evaluationContract(() => storage));
    describe("partitions", () => partitionContract(() => storage));
    describe("leases", () => leaseContract(() => storage, newRun));
    describe("alerts and deliveries", () => outboxContract(() => storage));
    const create = (...runs: NewRun[]) =>
      storage.createRuns(
        runs,
        runs.map((run) => runEvent(run.id, "run_queued")),
      );

    test("a run that had not begun goes back to the queue", async () => {
      await create(newRun("r1"));
      await storage.appendEvents([runEvent("r1", "run_starting")]);
      await storage.appendEvents([runEvent("r1", "run_queued")]);
      expect((await storage.getRun("r1"))!.status).toBe("queued");
    });

    describe("createRuns()", () => {
      test("stores runs, their events and values, and answers them", async () => {
        const run = newRun("r1", {
          ...making("a", "b"),
          needs: ["r0"],
          tags: { team: "data" },
          config: { a: { day: "monday", list: [1, null] } },
          partition: "2026-01-01",
          runKey: "key",
        });
        const answer = await storage.createRuns([run], [runEvent("r1", "run_queued")], { cursor: "7" });
        const stored = { ...run, status: "queued", connections: {}, startedAt: null, endedAt: null, reason: null };
        expect(answer).toMatchObject({ runs: [stored], existed: false });
        expect(answer.events.map((event) => event.type)).toEqual(["run_queued"]);
        expect(await storage.getRun("r1")).toEqual(stored);
        expect(await storage.readEvents({})).toEqual(answer.events);
        expect(await storage.getValue("cursor")).toBe("7");
      });
      test("stores all or nothing", async () => {
        await create(newRun("r1"));
        await expect(
          storage.createRuns([newRun("r2"), newRun("r1")], [runEvent("r2", "run_queued")], { v: "1" }),
        ).rejects.toThrow();
        expect(await storage.getRun("r2")).toBeNull();
        expect(await storage.readEvents({ runId: "r2" })).toEqual([]);
        expect(await storage.getValue("v")).toBeNull();
        await create(newRun("r3"));
        expect(ids(await storage.listRuns())).toEqual(["r3", "r1"]);
      });
      test("a run key that exists answers the runs of that request and stores nothing but the values", async () => {
        const first = [newRun("r1", { requestId: "q1", runKey: "k" }), newRun("r2", { requestId: "q1" })];
        await create(...first);
        const again = await storage.createRuns(
          [newRun("r3", { requestId: "q2", runKey: "k" }), newRun("r4", { requestId: "q2" })],
          [runEvent("r3", "run_queued")],
          { v: "2" },
        );
        expect(again.existed).toBe(true);
        expect(ids(again.runs)).toEqual(["r1", "r2"]);
        expect(again.events).toEqual([]);
        expect(await storage.getRun("r3")).toBeNull();
        expect(await storage.getValue("v")).toBe("2");
      });
      test("of many at once with one key exactly one is stored", async () => {
        const answers = await Promise.all(Array.from({ length: 8 }, (_, at) => create(newRun(`r${at}`, { runKey: "once" }))));
        expect(answers.filter((answer) => !answer.existed)).toHaveLength(1);
        expect(new Set(answers.map((answer) => answer.runs[0]!.id)).size).toBe(1);
        expect(await storage.listRuns()).toHaveLength(1);
      });
      test("a plan of 10,000 assets is stored", async () => {
        await create(newRun("r1", making(...Array.from({ length: 10_000 }, (_, at) => `a${at}`))));
        expect(ids(await storage.listRuns({ asset: "a9999" }))).toEqual(["r1"]);
      });
    });

    describe("events", () => {
      test("get growing numbers in the order in which they are appended, and come back as they were", async () => {
        const event: NewEvent = {
          ...runEvent("r1", "check_result", { seq: 1, step: "s", asset: "a", partition: "p", attempt: 2, fields: { x: [1] } }),
          check: { name: "rows", passed: false, severity: "WARN", blocking: true },
          metadata: { rows: { type: "number", value: 5 } },
          message: "Ünicode \u0000 'quoted' \n",
        };
        const [first] = await storage.appendEvents([event]);
        const more = await storage.appendEvents([runEvent("r1", "log", { seq: 2 }), { type: "log", at: 3 }]);
        expect(first).toEqual({ ...event, id: expect.any(Number) });
        expect(more[0]!.id).toBeGreaterThan(first!.id);
        expect(more[1]!.id).toBeGreaterThan(more[0]!.id);
        expect(await storage.readEvents({})).toEqual([first, ...more]);
        expect(await storage.lastEventId()).toBe(more[1]!.id);
      });
      test("an event of the same run and number is stored once and left out of the answer", async () => {
        const one = runEvent("r1", "log", { seq: 1, message: "first" });
        await storage.appendEvents([one]);
        const answer = await storage.appendEvents([
          { ...one, message: "again" },
          runEvent("r1", "log", { seq: 2 }),
          runEvent("r1", "log", { seq: 2 }),
        ]);
        expect(answer.map((event) => event.seq)).toEqual([2]);
        expect((await storage.readEvents({})).map((event) => [event.seq, event.message])).toEqual([
          [1, "first"],
          [2, undefined],
        ]);
        await storage.appendEvents([runEvent("r2", "log", { seq: 1 }), { type: "log", at: 1 }, { type: "log", at: 1 }]);
        expect(await storage.readEvents({})).toHaveLength(5);
      });
      test("an event that comes twice moves nothing twice", async () => {
        await create(newRun("r1"));
        const made = runEvent("r1", "materialization", { seq: 1, asset: "a" });
        const [stored] = await storage.appendEvents([made]);
        await storage.appendEvents([{ ...made, at: 9_999 }]);
        expect((await storage.assetStates(["a"])).get("a")!.materialization).toMatchObject({ eventId: stored!.id, at: 2_000 });
      });
      test("an empty log ends at 0; an empty batch is none", async () => {
        expect(await storage.lastEventId()).toBe(0);
        expect(await storage.appendEvents([])).toEqual([]);
      });
      test("a batch of 5,000 is one append", async () => {
        const events = Array.from({ length: 5_000 }, (_, at) => runEvent("r1", "log", { seq: at + 1 }));
        const stored = await storage.appendEvents(events);
        expect(stored.map((event) => event.seq)).toEqual(events.map((event) => event.seq));
      });
      test("sixteen writers beside each other lose nothing, and each keeps its order", async () => {
        await Promise.all(
          Array.from({ length: 16 }, async (_, writer) => {
            for (let from = 0; from < 500; from += 50)
              await storage.appendEvents(
                Array.from({ length: 50 }, (_, at) => runEvent(`w${writer}`, "log", { seq: from + at + 1, asset: `a${writer}` })),
              );
          }),
        );
        expect((await storage.info()).counts.events).toBe(8_000);
        for (let writer = 0; writer < 16; writer++) {
          const events = await storage.readEvents({ runId: `w${writer}`, limit: 10_000 });
          expect(events.map((event) => event.seq)).toEqual(Array.from({ length: 500 }, (_, at) => at + 1));
        }
      });
    });

    describe("readEvents()", () => {
      let stored: StoredEvent[];
      beforeEach(async () => {
        stored = await storage.appendEvents([
          runEvent("r1", "step_started", { step: "s" }),
          runEvent("r1", "materialization", { step: "s", asset: "a" }),
          runEvent("r2", "materialization", { step: "t", asset: "b" }),
          { type: "observation", at: 5, asset: "a" },
        ]);
      });
      const positions = async (params: Parameters<Storage["readEvents"]>[0]) =>
        (await storage.readEvents(params)).map((event) => stored.findIndex((one) => one.id === event.id));
      test.each([
        ["everything, oldest first", {}, [0, 1, 2, 3]],
        ["newest first", { order: "newest" }, [3, 2, 1, 0]],
        ["a limit", { limit: 2 }, [0, 1]],
        ["a limit from the end", { limit: 2, order: "newest" }, [3, 2]],
        ["of a run", { runId: "r1" }, [0, 1]],
        ["of an asset", { asset: "a" }, [1, 3]],
        ["of a step", { step: "s" }, [0, 1]],
        ["of types", { types: ["materialization", "observation"] }, [1, 2, 3]],
        ["of no type", { types: [] }, []],
        ["of all together", { runId: "r1", asset: "a", types: ["materialization"] }, [1]],
        ["of nobody", { runId: "x' or 1=1 --" }, []],
      ] as const)("%s", async (_, params, found) => {
        expect(await positions(params as never)).toEqual(found);
      });
      test("after and before are exclusive", async () => {
        expect(await positions({ after: stored[0]!.id, before: stored[3]!.id })).toEqual([1, 2]);
        expect(await positions({ after: stored[3]!.id })).toEqual([]);
        expect(await positions({ after: 0 })).toEqual([0, 1, 2, 3]);
      });
    });

    describe("runs", () => {
      test("move with their events, in the same append", async () => {
        await create(newRun("r1"));
        await storage.appendEvents([runEvent("r1", "run_starting", { at: 10 }), runEvent("r1", "run_started", { at: 20 })]);
        expect(await storage.getRun("r1")).toMatchObject({ status: "running", startedAt: 20, endedAt: null });
        await storage.appendEvents([runEvent("r1", "run_failed", { at: 30, message: "step failed" })]);
        expect(await storage.getRun("r1")).toMatchObject({ status: "failed", startedAt: 20, endedAt: 30, reason: "step failed" });
      });
      test("that have ended stay as they are", async () => {
        await create(newRun("r1"));
        await storage.appendEvents([runEvent("r1", "run_cancelled", { at: 30 }), runEvent("r1", "run_succeeded", { at: 40 })]);
        expect(await storage.getRun("r1")).toMatchObject({ status: "cancelled", endedAt: 30 });
      });
      test("are not known by another's id", async () => {
        expect(await storage.getRun("nobody")).toBeNull();
      });
      test("keep the connections they used", async () => {
        await create(newRun("r1"));
        await storage.setRunConnections("r1", { databricks: "standin", postgres: "vendor" });
        expect((await storage.getRun("r1"))!.connections).toEqual({ databricks: "standin", postgres: "vendor" });
      });
    });

    describe("listRuns()", () => {
      beforeEach(async () => {
        await create(newRun("r1", { requestId: "q1", ...making("a"), tags: { "kc/schedule": "daily", 'odd"name.x': "1" } }));
        await create(
          newRun("r2", { requestId: "q2", ...making("a", "b"), tags: { "kc/schedule": "hourly" } }),
          newRun("r3", { requestId: "q2", location: "other", ...making("c") }),
        );
        await storage.appendEvents([runEvent("r1", "run_starting"), runEvent("r1", "run_succeeded")]);
      });
      test.each([
        ["newest first", {}, ["r3", "r2", "r1"]],
        ["oldest first", { order: "oldest" }, ["r1", "r2", "r3"]],
        ["by status", { statuses: ["queued", "running"] }, ["r3", "r2"]],
        ["by no status", { statuses: [] }, []],
        ["by location", { location: "other" }, ["r3"]],
        ["by request", { requestId: "q2", order: "oldest" }, ["r2", "r3"]],
        ["by asset", { asset: "a" }, ["r2", "r1"]],
        ["by tag", { tags: { "kc/schedule": "daily" } }, ["r1"]],
        ["by tag of another value", { tags: { "kc/schedule": "weekly" } }, []],
        ["by a tag whose name holds quotes and dots", { tags: { 'odd"name.x': "1" } }, ["r1"]],
        ["by all together", { statuses: ["succeeded"], asset: "a", tags: { "kc/schedule": "daily" } }, ["r1"]],
        ["by ids, those that there are", { ids: ["r3", "r1", "nobody"] }, ["r3", "r1"]],
        ["by no ids", { ids: [] }, []],
        ["the first page", { limit: 2 }, ["r3", "r2"]],
        ["the page after", { limit: 2, before: "r2" }, ["r1"]],
        ["before one that nobody knows", { before: "nobody" }, []],
      ] as const)("%s", async (_, params, found) => {
        expect(ids(await storage.listRuns(params as never))).toEqual(found);
      });
      test("of the queued ones the ids alone, oldest first; one that goes back to the queue keeps its place", async () => {
        await create(newRun("r0", making("a")));
        await storage.appendEvents([runEvent("r2", "run_starting")]);
        expect(await storage.queuedRunIds()).toEqual(["r3", "r0"]);
        await storage.appendEvents([runEvent("r2", "run_queued")]);
        expect(await storage.queuedRunIds()).toEqual(["r2", "r3", "r0"]);
      });
    });

    describe("assets", () => {
      test("their states follow the log", async () => {
        await storage.appendEvents([
          runEvent("r1", "materialization", { asset: "a", metadata: { rows: { type: "number", value: 1 } } }),
          runEvent("r1", "check_result", {
            asset: "a",
            check: { name: "rows", passed: false, severity: "WARN", blocking: false },
          }),
          runEvent("r1", "step_succeeded", { asset: "a", at: 2_001 }),
          runEvent("r1", "unchanged", { asset: "b" }),
          { type: "freshness", at: 3_000, asset: "a", state: "warn" },
        ]);
        const states = await storage.assetStates();
        expect(states.get("a")).toMatchObject({
          key: "a",
          materialization: { at: 2_000, runId: "r1", metadata: { rows: { type: "number", value: 1 } } },
          checks: { rows: { passed: false, severity: "WARN" } },
          last: { runId: "r1", status: "succeeded", at: 2_001 },
          freshness: "warn",
        });
        expect(states.get("b")).toMatchObject({ materialization: null, unchangedAt: 2_000 });
      });
      test("are asked for by key, few or many", async () => {
        const keys = Array.from({ length: 700 }, (_, at) => `a${at}`);
        await storage.appendEvents(keys.map((asset) => runEvent("r1", "materialization", { asset })));
        expect([...(await storage.assetStates(["a1", "gone", "a2"])).keys()].sort()).toEqual(["a1", "a2"]);
        expect((await storage.assetStates(keys.slice(0, 600))).size).toBe(600);
        expect((await storage.assetStates([])).size).toBe(0);
        expect((await storage.assetStates()).size).toBe(700);
      });
    });

    describe("schedules and sensors", () => {
      const daily = { location: "team", name: "daily", type: "schedule" as const };
      test("only what is given changes", async () => {
        await storage.setInstigator({ ...daily, status: "running" });
        await storage.setInstigator({ ...daily, cursor: "5" });
        await storage.setInstigator({ ...daily, lastTickAt: 7 });
        await storage.setInstigator({ ...daily, location: "other" });
        expect(await storage.instigators()).toEqual([
          { ...daily, location: "other", status: null, cursor: null, lastTickAt: null, since: null, goneAt: null },
          { ...daily, status: "running", cursor: "5", lastTickAt: 7, since: null, goneAt: null },
        ]);
        await storage.setInstigator({ ...daily, status: null });
        expect((await storage.instigators())[1]).toMatchObject({ status: null, cursor: "5" });
      });
      test("a tick that starts is remembered with its instant, whoever turned the schedule on", async () => {
        const tick = await storage.startTick({ ...daily, at: 60_000 });
        expect(tick).toEqual({
          ...daily,
          id: expect.any(Number),
          at: 60_000,
          status: "started",
          startedAt: null,
          endedAt: null,
          manual: false,
          attempts: 0,
          retryAt: null,
          requestIds: [],
          skip: null,
          error: null,
          logs: [],
        });
        const remembered = { ...daily, status: null, cursor: null, lastTickAt: 60_000, since: null, goneAt: null };
        expect(await storage.instigators()).toEqual([remembered]);
        await storage.setInstigator({ ...daily, status: "stopped", cursor: "c" });
        await storage.startTick({ ...daily, at: 120_000 });
        expect(await storage.instigators()).toEqual([{ ...remembered, status: "stopped", cursor: "c", lastTickAt: 120_000 }]);
      });
      test("a tick by hand is no last tick", async () => {
        await storage.startTick({ ...daily, at: 60_000 });
        const tick = await storage.startTick({ ...daily, at: 90_000, startedAt: 90_001, manual: true });
        expect(tick).toMatchObject({ manual: true, startedAt: 90_001 });
        expect((await storage.instigators())[0]!.lastTickAt).toBe(60_000);
        await storage.startTick({ ...daily, name: "new", at: 90_000, manual: true });
        expect((await storage.instigators()).find(({ name }) => name === "new")!.lastTickAt).toBeNull();
      });
      test("a tick that is tried again stays open until it ends", async () => {
        const tick = await storage.startTick({ ...daily, at: 1 });
        await storage.retryTick(tick.id, { attempts: 2, retryAt: 500, error: "once more" });
        const [open] = await storage.listTicks({ status: "started" });
        expect(open).toEqual({ ...tick, attempts: 2, retryAt: 500, error: "once more" });
        await storage.endTick(tick.id, { status: "success", endedAt: 600, logs: [{ level: "info", message: "hi" }] });
        expect(await storage.listTicks({ status: "started" })).toEqual([]);
        expect((await storage.listTicks())[0]).toMatchObject({
          attempts: 2,
          retryAt: null,
          error: null,
          logs: [{ level: "info", message: "hi" }],
        });
      });
      test("a tick that failed moves the cursor only when it says so", async () => {
        await storage.setInstigator({ ...daily, cursor: "old" });
        const tick = await storage.startTick({ ...daily, at: 1 });
        await storage.endTick(tick.id, { status: "failed", endedAt: 2, moveCursor: true }, "new");
        expect((await storage.instigators())[0]!.cursor).toBe("new");
      });
      test("texts with a NUL, which not every database takes, are kept without it", async () => {
        const nul = "a\0b";
        await storage.setInstigator({ ...daily, cursor: nul });
        const tick = await storage.startTick({ ...daily, at: 1 });
        await storage.endTick(
          tick.id,
          { status: "failed", endedAt: 2, error: nul, logs: [{ level: "info", message: nul }] },
          nul,
        );
        expect((await storage.listTicks())[0]!.status).toBe("failed");
        await storage.createRuns([newRun("r")], []);
        await storage.appendEvents([{ type: "log", at: 1, runId: "r", message: nul, error: { message: nul } } as never]);
        expect(await storage.readEvents({ types: ["log"] })).toHaveLength(1);
      });
      test("a rename takes state, ticks and run keys along, of that name alone", async () => {
        const fresh = { location: "renamed", name: "nightly" };
        await storage.setInstigator({ ...daily, status: "running", cursor: "5", lastTickAt: 7, since: 3 });
        await storage.setInstigator({ ...daily, name: "daily2", cursor: "6" });
        await storage.setInstigator({ ...fresh, type: "schedule", cursor: "mine" });
        const tick = await storage.startTick({ ...daily, at: 9 });
        await create(newRun("r1", { runKey: "schedule:team/daily:a:b" }));
        await create(newRun("r2", { runKey: "schedule:team/daily2:a" }));
        await storage.renameInstigator(daily, fresh);
        expect(await storage.instigators()).toEqual([
          { ...fresh, type: "schedule", status: "running", cursor: "5", lastTickAt: 9, since: 3, goneAt: null },
          expect.objectContaining({ name: "daily2", cursor: "6" }),
        ]);
        expect(ids(await storage.listTicks(fresh))).toEqual([tick.id]);
        const keys = (await storage.listRuns({ order: "oldest" })).map((run) => run.runKey);
        expect(keys).toEqual(["schedule:renamed/nightly:a:b", "schedule:team/daily2:a"]);
        await storage.renameInstigator({ location: "team", name: "nobody" }, fresh);
        expect(await storage.instigators()).toHaveLength(2);
      });
      test("what is forgotten leaves its ticks and run keys", async () => {
        await storage.startTick({ ...daily, at: 1 });
        await storage.forgetInstigator(daily);
        expect(await storage.instigators()).toEqual([]);
        expect(await storage.listTicks()).toHaveLength(1);
      });
      test.each([
        ["success", "new"],
        ["skipped", "new"],
        ["failed", "old"],
      ] as const)("the cursor of a tick that ends in %s is the %s one", async (status, cursor) => {
        await storage.setInstigator({ ...daily, cursor: "old" });
        const tick = await storage.startTick({ ...daily, at: 1 });
        await storage.endTick(tick.id, { status, endedAt: 2, requestIds: ["q"], skip: "s", error: "e" }, "new");
        expect((await storage.instigators())[0]!.cursor).toBe(cursor);
        expect(await storage.listTicks()).toEqual([{ ...tick, status, endedAt: 2, requestIds: ["q"], skip: "s", error: "e" }]);
      });
      test("a tick that names no cursor leaves it", async () => {
        await storage.setInstigator({ ...daily, cursor: "old" });
        const tick = await storage.startTick({ ...daily, at: 1 });
        await storage.endTick(tick.id, { status: "success", endedAt: 2 });
        expect((await storage.instigators())[0]!.cursor).toBe("old");
      });
      test("ticks are listed newest first, by whose they are, page by page", async () => {
        const made = [];
        for (const name of ["x", "y", "x"]) made.push(await storage.startTick({ ...daily, name, at: 1 }));
        await storage.startTick({ location: "other", name: "x", type: "sensor", at: 1 });
        expect(ids(await storage.listTicks({ location: "team" }))).toEqual(ids([...made].reverse()));
        expect(ids(await storage.listTicks({ location: "team", name: "x" }))).toEqual([made[2]!.id, made[0]!.id]);
        expect(await storage.listTicks({ type: "sensor" })).toHaveLength(1);
        expect(ids(await storage.listTicks({ location: "team", before: made[2]!.id, limit: 1 }))).toEqual([made[1]!.id]);
      });
    });

    test("values are kept by name and replaced", async () => {
      expect(await storage.getValue("x")).toBeNull();
      await storage.setValue("x", "1");
      await storage.setValue("x", "2");
      await storage.setValue("__proto__", "3");
      expect([await storage.getValue("x"), await storage.getValue("__proto__")]).toEqual(["2", "3"]);
    });
    test("info() counts what there is", async () => {
      await create(newRun("r1"));
      const info = await storage.info();
      expect(info.counts).toMatchObject({ runs: 1, events: 1 });
      expect(info.bytes).toBeGreaterThan(0);
      expect(info.schemaVersion).toBeGreaterThan(0);
      expect(info.dialect).not.toBe("");
    });

    describe("prune()", () => {
      const day = 86_400_000;
      const ended = async (id: string, at: number) => {
        await storage.createRuns([newRun(id, making("a"))], [runEvent(id, "run_queued", { at })]);
        await storage.appendEvents([
          runEvent(id, "run_started", { at, seq: 1 }),
          runEvent(id, "log", { at, seq: 2, message: "line" }),
          runEvent(id, "materialization", { at, seq: 3, asset: "a" }),
          runEvent(id, "run_succeeded", { at, seq: 4 }),
        ]);
      };

      test("takes ended runs before the instant with their events; what is known of assets stays", async () => {
        await ended("old", 1 * day);
        await ended("new", 9 * day);
        await storage.createRuns([newRun("open", making("b"))], [runEvent("open", "run_queued", { at: 1 })]);
        expect(await storage.countOld({ runs: 5 * day })).toEqual({ runs: 1, events: 5, ticks: 0 });
        expect(await storage.prune({ runs: 5 * day })).toEqual({ runs: 1, events: 5, ticks: 0 });
        expect(ids(await storage.listRuns()).sort()).toEqual(["new", "open"]);
        expect(await storage.readEvents({ runId: "old" })).toEqual([]);
        expect((await storage.assetStates(["a"])).get("a")?.materialization?.at).toBe(9 * day);
      });
      test("leaves a run that another one needs that has not ended", async () => {
        await ended("needed", 1 * day);
        await ended("old", 1 * day);
        await storage.createRuns([newRun("waits", { needs: ["needed"] })], [runEvent("waits", "run_queued", { at: 1 })]);
        expect((await storage.countOld({ runs: 5 * day })).runs).toBe(1);
        expect((await storage.prune({ runs: 5 * day })).runs).toBe(1);
        expect(ids(await storage.listRuns()).sort()).toEqual(["needed", "waits"]);
        await storage.appendEvents([runEvent("waits", "run_succeeded", { at: 2 * day })]);
        expect((await storage.prune({ runs: 5 * day })).runs).toBe(2);
      });
      test("a run key counts for ever, also once its run is gone and its schedule has another name", async () => {
        await storage.createRuns([newRun("old", { runKey: "sensor:team/s:k" })], [runEvent("old", "run_queued", { at: 1 })]);
        await storage.appendEvents([runEvent("old", "run_succeeded", { at: 1, seq: 1 })]);
        await storage.prune({ runs: day });
        expect(await create(newRun("new", { runKey: "sensor:team/s:k" }))).toMatchObject({ runs: [], existed: true });
        await storage.setInstigator({ location: "team", name: "s", type: "sensor", cursor: "1" });
        await storage.renameInstigator({ location: "team", name: "s" }, { location: "team", name: "t" });
        expect(await create(newRun("new", { runKey: "sensor:team/t:k" }))).toMatchObject({ runs: [], existed: true });
        expect(await storage.listRuns()).toEqual([]);
      });
      test("takes only the log lines of ended runs when only logs are named", async () => {
        await ended("old", 1 * day);
        await storage.createRuns([newRun("open")], [runEvent("open", "run_queued", { at: 1 })]);
        await storage.appendEvents([runEvent("open", "log", { at: 1, seq: 1, message: "still needed" })]);
        expect(await storage.countOld({ logs: 5 * day })).toEqual({ runs: 0, events: 1, ticks: 0 });
        expect(await storage.prune({ logs: 5 * day })).toEqual({ runs: 0, events: 1, ticks: 0 });
        expect((await storage.readEvents({ runId: "old" })).map((event) => event.type)).toEqual([
          "run_queued",
          "run_started",
          "materialization",
          "run_succeeded",
        ]);
        expect(await storage.readEvents({ runId: "open", types: ["log"] })).toHaveLength(1);
      });
      test("takes ended ticks, never one that goes on", async () => {
        const tick = await storage.startTick({ location: "l", name: "s", type: "schedule", at: 1 });
        await storage.endTick(tick.id, { status: "success", endedAt: 2 });
        await storage.startTick({ location: "l", name: "s", type: "schedule", at: 3 });
        expect((await storage.countOld({ ticks: day })).ticks).toBe(1);
        expect((await storage.prune({ ticks: day })).ticks).toBe(1);
        expect(await storage.listTicks()).toHaveLength(1);
      });
      test("takes nothing when nothing is named", async () => {
        await ended("old", 1);
        expect(await storage.countOld({})).toEqual({ runs: 0, events: 0, ticks: 0 });
        expect(await storage.prune({})).toEqual({ runs: 0, events: 0, ticks: 0 });
      });
    });
  });
}
