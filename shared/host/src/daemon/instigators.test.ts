import type { LocationSnapshot, ScheduleSnapshot, SensorSnapshot, Storage } from "@kc/runtime/internal";
import { openSqlite } from "@kc/storage/sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LocationState, Workspace } from "../locations/workspace.ts";
import { type EventLog, eventLog } from "../log.ts";
import type { DaemonContext } from "./context.ts";
import { forgetAfterMs, instigators, reconcileInstigators, resetCursor, turnInstigator } from "./instigators.ts";
import { startLoop } from "./loop.ts";

let storage: Storage;
let log: EventLog;
let now: number;
let locations: LocationState[];
beforeEach(() => {
  storage = openSqlite(":memory:");
  log = eventLog(storage);
  now = 1_000_000;
});
afterEach(() => storage.close());

const scheduleOf = (name: string, formerly?: string[]): ScheduleSnapshot => ({
  ...{ name, cron: "* * * * *", timezone: "UTC", target: "a", tags: {}, defaultStatus: "stopped", decides: false },
  ...(formerly ? { formerly } : {}),
});
const sensorOf = (name: string, formerly?: string[]): SensorSnapshot => ({
  ...{ name, type: "poll", intervalMs: 1_000, selection: "*", defaultStatus: "stopped" },
  ...(formerly ? { formerly } : {}),
});
const location = (name: string, more: Partial<LocationSnapshot>, status = "loaded") =>
  ({
    entry: { name },
    status,
    snapshot: { name, assets: [], jobs: [], schedules: [], sensors: [], components: [], warnings: [], ...more },
  }) as unknown as LocationState;
const context = (): DaemonContext =>
  ({
    storage,
    log,
    clock: { now: () => now },
    workspace: {
      locations: () => locations,
      location: (name: string) => locations.find((one) => one.entry.name === name),
    } as Workspace,
  }) as DaemonContext;
const reconcile = () => reconcileInstigators(context());
const known = async () => (await storage.instigators()).map((one) => `${one.location}/${one.name} ${one.status} ${one.cursor}`);
const used = (name: string, type: "schedule" | "sensor" = "sensor") =>
  storage.setInstigator({ location: "team", name, type, status: "running", cursor: "7", lastTickAt: 5 });

describe("what is remembered of schedules and sensors", () => {
  test("moves to the new name, and so does a run key", async () => {
    await used("old");
    locations = [location("team", { sensors: [sensorOf("fresh", ["older", "old"])] })];
    await reconcile();
    await reconcile();
    expect(await known()).toEqual(["team/fresh running 7"]);
    expect((await storage.readEvents({ types: ["instigator_changed"] })).map((event) => event.message)).toEqual([
      "sensor team/fresh renamed from team/old",
    ]);
  });
  test("moves with a location, each under its own or its new name", async () => {
    await used("same", "schedule");
    await used("old");
    locations = [
      location("squad", { formerly: ["team"], schedules: [scheduleOf("same")], sensors: [sensorOf("fresh", ["old"])] }),
    ];
    await reconcile();
    expect(await known()).toEqual(["squad/fresh running 7", "squad/same running 7"]);
  });
  test("stays where it is while the former location is there", async () => {
    await used("same", "schedule");
    locations = [
      location("team", { schedules: [scheduleOf("same")] }),
      location("squad", { formerly: ["team"], schedules: [scheduleOf("same")] }),
    ];
    await reconcile();
    expect(await known()).toEqual(["team/same running 7"]);
  });
  test("is not replaced once the new name has a history of its own", async () => {
    await used("old");
    await storage.setInstigator({ location: "team", name: "fresh", type: "sensor", status: "stopped" });
    locations = [location("team", { sensors: [sensorOf("fresh", ["old"])] })];
    await reconcile();
    expect(await known()).toContain("team/fresh stopped null");
  });
  test("is kept while its location is broken or not loaded, however long", async () => {
    await used("s");
    locations = [location("team", {}, "error")];
    await reconcile();
    now += 10 * forgetAfterMs;
    await reconcile();
    locations = [];
    await reconcile();
    expect(await known()).toEqual(["team/s running 7"]);
  });
  test("is forgotten once its location has loaded without it for a day", async () => {
    await used("s");
    locations = [location("team", {})];
    await reconcile();
    now += forgetAfterMs - 1;
    await reconcile();
    expect(await known()).toHaveLength(1);
    now += 1;
    await reconcile();
    expect(await known()).toEqual([]);
  });
  test("is there again when its definition is, and a schedule counts from then", async () => {
    await used("s", "schedule");
    locations = [location("team", {})];
    await reconcile();
    now += 5_000;
    locations = [location("team", { schedules: [scheduleOf("s")] })];
    await reconcile();
    expect(await storage.instigators()).toMatchObject([{ status: "running", cursor: "7", goneAt: null, since: now }]);
  });
});

test("every turn is recorded; turning on is no tick", async () => {
  locations = [location("team", { schedules: [scheduleOf("s")] })];
  const turn = async (running: boolean) =>
    turnInstigator(context(), (await instigators(context().workspace, storage, "schedule"))[0]!, running);
  await turn(true);
  now += 1;
  await turn(true);
  await turn(false);
  expect(await storage.instigators()).toMatchObject([{ status: "stopped", lastTickAt: null, since: now - 1 }]);
  expect((await storage.readEvents({ types: ["instigator_changed"] })).map((event) => event.fields?.change)).toEqual([
    "on",
    "on",
    "off",
  ]);
});

test("a cursor that is reset is recorded with what it was", async () => {
  await used("s");
  locations = [location("team", { sensors: [sensorOf("s")] })];
  await resetCursor(context(), (await instigators(context().workspace, storage, "sensor"))[0]!);
  expect(await known()).toEqual(["team/s running null"]);
  expect((await storage.readEvents({ types: ["instigator_changed"] }))[0]!.fields).toMatchObject({
    change: "cursor",
    before: "7",
  });
});

describe("a loop that waits for an instant", () => {
  test.each([
    ["looks at once when the clock is set forward past it", 3_600_000],
    ["looks again when the clock is set back", -3_600_000],
  ])("%s", async (_, jump) => {
    let slept = 0;
    let looks = 0;
    const clock = {
      now: () => now,
      sleep: async (ms: number) => {
        slept += ms;
        now += slept === ms ? jump : ms;
      },
    };
    const looked = new Promise<void>((resolve) => {
      const loop = startLoop(
        "test",
        clock,
        async () => {
          if (++looks === 1) return now + 3_600_000;
          void loop.stop().then(resolve);
          return undefined;
        },
        () => {},
      );
    });
    await looked;
    expect(slept).toBeLessThanOrEqual(30_000);
  });
});
