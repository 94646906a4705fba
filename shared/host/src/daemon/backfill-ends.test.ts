import { asset, dailyPartitions, defineLocation, weeklyPartitions } from "@kc/runtime";
import { assembleLocation, type Backfill, buildGraph, type Clock, type NewEvent, type Run } from "@kc/runtime/internal";
import { openSqlite } from "@kc/storage/sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { backfills } from "../backfills.ts";
import type { Workspace } from "../locations/workspace.ts";
import { type EventLog, eventLog } from "../log.ts";
import { livePartitions } from "../partitions.ts";
import { endRun } from "../runs/end-run.ts";
import { submitter } from "../runs/submit.ts";
import { mostTries } from "./backfill-ends.ts";
import { tickBackfills } from "./backfills.ts";
import { type DaemonContext, defaultAutomationSettings, defaultTickSettings } from "./context.ts";

const partitions = dailyPartitions({ start: "2026-01-01" });
const snapshot = assembleLocation(
  defineLocation({
    name: "team",
    assets: [
      asset({ key: "day", partitions, materialize() {} }),
      asset({ key: "next", deps: ["day"], partitions, materialize() {} }),
    ],
  }),
).snapshot;
const clock: Clock = { now: () => Date.parse("2026-02-01T00:00:00Z"), sleep: async () => {} };
const policy = { max: 0, strategy: "from_failure" as const, onStepFailure: true };
let storage: ReturnType<typeof openSqlite>;
let log: EventLog;
let context: DaemonContext;
let starts: ReturnType<typeof backfills>;
let graph: ReturnType<typeof buildGraph>["graph"];

beforeEach(() => {
  storage = openSqlite(":memory:");
  log = eventLog(storage);
  ({ graph } = buildGraph([snapshot]));
  const location = { entry: { name: "team" }, status: "loaded", snapshot };
  const workspace = {
    graph: () => graph,
    problems: () => [],
    locations: () => [location],
    location: () => location,
  } as unknown as Workspace;
  const live = livePartitions({ workspace, storage, log, clock });
  context = {
    workspace,
    storage,
    log,
    clock,
    requests: submitter({ workspace, log, clock, pools: { check() {} }, partitions: live }),
    ticks: defaultTickSettings,
    automation: defaultAutomationSettings,
    partitions: live,
    report: () => {},
  };
  starts = backfills({ workspace, storage, log, clock, partitions: live });
});
afterEach(() => storage.close());

const look = () => tickBackfills(context, { cancel: () => false }, policy);
const queued = () => storage.listRuns({ statuses: ["queued"], order: "oldest" });
const kill = (run: Run) =>
  endRun({ storage, log, clock }, run.id, "run_failed", "kc was stopped or killed while the run went on");
const about = (run: Run, type: NewEvent["type"], of: string, fields?: NewEvent["fields"]): NewEvent => ({
  type,
  at: clock.now(),
  runId: run.id,
  step: of,
  asset: of,
  partition: run.partition!,
  ...(fields ? { fields } : {}),
});
const whole = (type: NewEvent["type"], run: Run): NewEvent => ({ type, at: clock.now(), runId: run.id });
const succeed = (run: Run) =>
  log.append([...run.plan.assets.map((key) => about(run, "step_succeeded", key)), whole("run_succeeded", run)]);
const start = (selection: string, ...days: string[]) => starts.start({ selection, partitions: days });
const now = async ({ id }: Backfill) => (await storage.getBackfill(id))!;

test("what only kc's end broke off is asked for again, at most three times for each partition", async () => {
  const backfill = await start("day", "2026-01-01...2026-01-02");
  const asked: (string | null)[] = [];
  for (let round = 0; round < 10; round++) {
    await look();
    for (const run of await queued()) {
      asked.push(run.partition);
      await (run.partition === "2026-01-01" ? kill(run) : succeed(run));
    }
  }
  expect(asked).toEqual(["2026-01-01", "2026-01-02", ...Array(mostTries).fill("2026-01-01")]);
  expect(await now(backfill)).toMatchObject({
    status: "failed",
    failed: { day: ["2026-01-01"] },
    done: { day: ["2026-01-02"] },
    skipped: {},
  });
});

test("a retry by hand may be broken off three times again", async () => {
  const backfill = await start("day", "2026-01-01");
  const all = async () => {
    let runs = 0;
    for (let round = 0; round < 10; round++) {
      await look();
      for (const run of await queued()) {
        await kill(run);
        runs++;
      }
    }
    return runs;
  };
  expect(await all()).toBe(1 + mostTries);
  await starts.control(backfill.id, "retry");
  expect(await all()).toBe(1 + mostTries);
});

test("a host that dies after it asked again, before it wrote that down, asks for nothing twice", async () => {
  const backfill = await start("day", "2026-01-01");
  await look();
  await kill((await queued())[0]!);
  const before = await now(backfill);
  await look();
  const again = await queued();
  await kill(again[0]!);
  await storage.updateBackfill(backfill.id, () => before);
  // The next host knows only what the storage has.
  context = { ...context, log: eventLog(storage) };
  await look();
  expect(await storage.listRuns({})).toHaveLength(2);
  expect((await now(backfill)).open).toEqual([again[0]!.id]);
});

test("a step that really failed stays failed, though its run was killed later; the rest is asked for again", async () => {
  const backfill = await start("day or next", "2026-01-01");
  await look();
  const [run] = await queued();
  await log.append([about(run!, "step_started", "day"), about(run!, "step_failed", "day")]);
  await kill(run!);
  await look();
  await look();
  expect(await queued()).toEqual([]);
  expect(await now(backfill)).toMatchObject({
    status: "failed",
    failed: { day: ["2026-01-01"] },
    skipped: { next: ["2026-01-01"] },
  });
});

test("cancelled, what had not begun and what was going on are left over: neither failed nor skipped; retry goes on", async () => {
  const backfill = await start("day", "2026-01-01...2026-01-03");
  await look();
  const [first, second] = await queued();
  await succeed(first!);
  await log.append([whole("run_started", second!), about(second!, "step_started", "day")]);
  await starts.control(backfill.id, "cancel");
  await expect(starts.control(backfill.id, "cancel")).rejects.toThrow("is being cancelled already");
  await endRun({ storage, log, clock }, second!.id, "run_cancelled", "the run was cancelled and its worker ended");
  await look();
  await look();
  expect(await now(backfill)).toMatchObject({
    status: "cancelled",
    reason: null,
    done: { day: ["2026-01-01"] },
    failed: {},
    skipped: {},
  });
  await starts.control(backfill.id, "retry");
  await look();
  expect((await queued()).map((run) => run.partition)).toEqual(["2026-01-02", "2026-01-03"]);
});

test("a single run that was cancelled is left out, and the backfill ends", async () => {
  const backfill = await start("day", "2026-01-01");
  await look();
  await log.append([whole("run_cancelled", (await queued())[0]!)]);
  await look();
  expect(await now(backfill)).toMatchObject({ status: "failed", failed: {}, skipped: { day: ["2026-01-01"] } });
});
test("pause of what is paused and resume of what runs are refused", async () => {
  const backfill = await start("day", "2026-01-01");
  await expect(starts.control(backfill.id, "resume")).rejects.toThrow("is running: it is not paused");
  await starts.control(backfill.id, "pause");
  await expect(starts.control(backfill.id, "pause")).rejects.toThrow("is paused already");
});

test("one whose partitions become others asks for none of them any more, and ends once what goes on has ended", async () => {
  const backfill = await start("day", "2026-01-05...2026-01-10");
  await look();
  const [first] = await queued();
  await log.append([whole("run_started", first!)]);
  const weeks = weeklyPartitions({ start: "2026-01-01" });
  const changed = snapshot.assets.map((one) => ({ ...one, partitions: weeks }));
  ({ graph } = buildGraph([{ ...snapshot, assets: changed }]));
  await look();
  expect(await now(backfill)).toMatchObject({ status: "running", open: [first!.id], endedAt: null });
  expect((await storage.listRuns({ statuses: ["cancelled"] })).map((run) => run.partition).sort()).toEqual([
    ...["2026-01-06", "2026-01-07", "2026-01-08", "2026-01-09", "2026-01-10"],
  ]);
  await succeed(first!);
  await look();
  expect(await now(backfill)).toMatchObject({
    status: "failed",
    endedAt: clock.now(),
    open: [],
    reason: 'the partitions of "day" are weekly now, and were others when it was asked for: start another',
  });
});

test("one whose partitions begin earlier goes on", async () => {
  const backfill = await start("day", "2026-01-05");
  const earlier = dailyPartitions({ start: "2025-01-01" });
  ({ graph } = buildGraph([{ ...snapshot, assets: snapshot.assets.map((one) => ({ ...one, partitions: earlier })) }]));
  await look();
  for (const run of await queued()) await succeed(run);
  await look();
  expect((await now(backfill)).status).toBe("succeeded");
});

test("one whose partitions begin later now makes those that are left; one with none left has failed", async () => {
  const some = await start("day", "2026-01-05...2026-01-10");
  const none = await start("day", "2026-01-01...2026-01-03");
  const later = dailyPartitions({ start: "2026-01-09" });
  ({ graph } = buildGraph([{ ...snapshot, assets: snapshot.assets.map((one) => ({ ...one, partitions: later })) }]));
  await look();
  const runs = await queued();
  expect(runs.map((run) => run.partition)).toEqual(["2026-01-09", "2026-01-10"]);
  for (const run of runs) await succeed(run);
  await look();
  expect((await now(some)).status).toBe("succeeded");
  expect(await now(none)).toMatchObject({ status: "failed", reason: expect.stringContaining("none of the partitions") });
});
