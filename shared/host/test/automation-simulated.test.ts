import {
  anyDepsUpdated,
  asset,
  automation,
  automationSensor,
  dailyPartitions,
  defineLocation,
  eager,
  type LocationDefinition,
  onCron,
  onMissing,
  schedule,
  staticPartitions,
} from "@kc/runtime";
import { assembleLocation, type Run, type StoredEvaluation } from "@kc/runtime/internal";
import { describe, expect, test } from "vitest";
import { addPause, endPause } from "../src/daemon/automation-pauses.ts";
import { type Simulation, simulate } from "../src/testing.ts";

const make = () => {};
const load = (...definitions: LocationDefinition[]) => definitions.map((definition) => assembleLocation(definition).snapshot);
const automatic = ({ runs }: Simulation) => runs.filter((run) => run.tags["kc/automation"]);
const told = (runs: readonly Run[]) =>
  runs.map((run) =>
    [new Date(run.createdAt).toISOString().slice(5, 16).replace("T", " "), run.plan.assets.join(","), run.partition]
      .filter(Boolean)
      .join(" "),
  );
const made = (key: string, partition?: string) => [
  { type: "materialization" as const, at: 0, asset: key, ...(partition ? { partition } : {}) },
];
/** Events from outside at instants of the simulation, in order; needs a schedule that turns the clock to them. */
const clockwork = (minutes = 10) =>
  defineLocation({
    name: "clock",
    assets: [asset({ key: "tick", materialize: make })],
    schedules: [schedule({ name: "tick", cron: `*/${minutes} * * * *`, target: "tick", defaultStatus: "running" })],
  });
const at =
  (plan: Record<string, ReturnType<typeof made>>) =>
  async (instant: Date, { log }: { log: { append(events: never[]): Promise<unknown> } }) => {
    const events = plan[instant.toISOString().slice(5, 16)];
    if (!events) return;
    delete plan[instant.toISOString().slice(5, 16)];
    await log.append(events.map((event) => ({ ...event, at: instant.getTime() })) as never[]);
  };
const day = { from: "2026-01-10T00:05:00Z", to: "2026-01-10T12:00:00Z" };

describe("time partitions", () => {
  const daily = () => dailyPartitions({ start: "2026-01-01" });
  test("eager makes the window that has just ended, and no older one", async () => {
    const result = await simulate({
      locations: load(
        defineLocation({
          name: "team",
          assets: [asset({ key: "a", partitions: daily(), automation: eager(), materialize: make })],
        }),
      ),
      from: "2026-01-10T12:00:00Z",
      to: "2026-01-12T12:00:00Z",
    });
    expect(told(automatic(result))).toEqual(["01-11 00:00 a 2026-01-10", "01-12 00:00 a 2026-01-11"]);
  });

  test("onMissing waits for the same window upstream, and is one run with the chain", async () => {
    const late = await simulate({
      locations: load(
        clockwork(),
        defineLocation({
          name: "team",
          assets: [
            asset({ key: "a", partitions: daily(), materialize: make }),
            asset({ key: "b", deps: ["a" as never], partitions: daily(), automation: onMissing(), materialize: make }),
            asset({ key: "c", deps: ["b" as never], partitions: daily(), automation: onMissing(), materialize: make }),
          ],
        }),
      ),
      from: "2026-01-10T12:00:00Z",
      to: "2026-01-11T12:00:00Z",
      at: at({ "01-11T03:00": made("a", "2026-01-10") }),
    });
    expect(told(automatic(late))).toEqual(["01-11 03:00 b,c 2026-01-10"]);
  });

  test("onCron makes the latest window after its tick, once", async () => {
    const result = await simulate({
      locations: load(
        defineLocation({
          name: "team",
          assets: [asset({ key: "a", partitions: daily(), automation: onCron("0 6 * * *"), materialize: make })],
        }),
      ),
      from: "2026-01-10T00:00:00Z",
      to: "2026-01-11T23:00:00Z",
    });
    expect(told(automatic(result))).toEqual(["01-10 06:00 a 2026-01-09", "01-11 06:00 a 2026-01-10"]);
  });

  test("a lookback widens the latest window: several partitions are one backfill", async () => {
    const condition = automation.and(
      automation.inLatestTimeWindow("3d"),
      automation.sinceLastHandled(automation.cronTickPassed("0 6 * * *")),
    );
    const result = await simulate({
      locations: load(
        defineLocation({
          name: "team",
          assets: [asset({ key: "a", partitions: daily(), automation: condition, materialize: make })],
        }),
      ),
      from: "2026-01-10T00:00:00Z",
      to: "2026-01-10T23:00:00Z",
    });
    expect(automatic(result).map((run) => run.partition)).toEqual(["2026-01-07", "2026-01-08", "2026-01-09"]);
    expect(new Set(automatic(result).map((run) => run.tags["kc/backfill"])).size).toBe(1);
  });
});

describe("static partitions", () => {
  const three = () => staticPartitions(["de", "fr", "it"]);
  const locations = () =>
    load(
      clockwork(),
      defineLocation({
        name: "team",
        assets: [
          asset({ key: "a", partitions: three(), materialize: make }),
          asset({ key: "b", deps: ["a" as never], partitions: three(), automation: eager(), materialize: make }),
        ],
      }),
    );
  test("updates of three partitions are one backfill of three", async () => {
    const result = await simulate({ locations: locations(), ...day, at: at({ "01-10T01:00": made("a", "de,fr,it") }) });
    expect(automatic(result).map((run) => `${run.plan.assets} ${run.partition}`)).toEqual(["b de", "b fr", "b it"]);
    expect(new Set(automatic(result).map((run) => run.tags["kc/backfill"])).size).toBe(1);
    expect(automatic(result)[0]!.tags["kc/backfill"]).toBeDefined();
  });

  test("an update of one partition is one run of that partition", async () => {
    const result = await simulate({ locations: locations(), ...day, at: at({ "01-10T01:00": made("a", "fr") }) });
    expect(told(automatic(result))).toEqual(["01-10 01:00 b fr"]);
    expect(automatic(result)[0]!.tags["kc/backfill"]).toBeUndefined();
  });

  test("what a backfill makes of both is no news to the other", async () => {
    const result = await simulate({ locations: locations(), ...day, at: at({ "01-10T01:00": made("a", "de,fr") }) });
    expect(automatic(result)).toHaveLength(2);
  });
});

describe("grouping", () => {
  const chain = () => [
    clockwork(),
    defineLocation({
      name: "one",
      assets: [
        asset({ key: "a", materialize: make }),
        asset({ key: "b", deps: ["a" as never], automation: eager(), materialize: make }),
        asset({ key: "c", deps: ["b" as never], automation: eager(), materialize: make }),
      ],
    }),
    defineLocation({
      name: "two",
      assets: [asset({ key: "d", deps: ["c" as never], automation: eager(), materialize: make })],
    }),
  ];
  test("one update of a is one request, with one run per location", async () => {
    const result = await simulate({ locations: load(...chain()), ...day, at: at({ "01-10T01:00": made("a") }) });
    expect(told(automatic(result))).toEqual(["01-10 01:00 b,c", "01-10 01:00 d"]);
    expect(new Set(automatic(result).map((run) => run.requestId)).size).toBe(1);
  });

  test("three ticks that nobody looked at lose no event", async () => {
    const result = await simulate({
      locations: load(...chain()),
      ...day,
      down: [{ from: "2026-01-10T00:55:00Z", to: "2026-01-10T01:35:00Z" }],
      at: at({ "01-10T00:50": [] }),
    });
    expect(automatic(result)).toEqual([]);
    const cron = await simulate({
      locations: load(
        defineLocation({ name: "one", assets: [asset({ key: "a", automation: onCron("*/10 * * * *"), materialize: make })] }),
      ),
      ...day,
      to: "2026-01-10T02:00:00Z",
      down: [{ from: "2026-01-10T00:55:00Z", to: "2026-01-10T01:35:00Z" }],
    });
    expect(told(automatic(cron)).map((line) => line.slice(6))).toEqual(
      ["00:10", "00:20", "00:30", "00:40", "00:50", "01:35", "01:40", "01:50", "02:00"].map((time) => `${time} a`),
    );
  });

  test("automation sensors split the assets: each belongs to one of them, and the default one takes the rest", async () => {
    const result = await simulate({
      locations: load(
        clockwork(),
        defineLocation({
          name: "one",
          assets: [
            asset({ key: "a", materialize: make }),
            asset({ key: "b", deps: ["a" as never], automation: anyDepsUpdated(), materialize: make }),
            asset({ key: "c", deps: ["a" as never], automation: anyDepsUpdated(), materialize: make }),
            asset({ key: "d", deps: ["a" as never], automation: anyDepsUpdated(), materialize: make }),
          ],
          sensors: [
            automationSensor({ name: "first", selection: "key:b", defaultStatus: "running" }),
            automationSensor({ name: "second", selection: "key:c", defaultStatus: "stopped" }),
          ],
        }),
      ),
      ...day,
      at: at({ "01-10T01:00": made("a") }),
    });
    expect(told(automatic(result))).toEqual(["01-10 01:00 b,d"]);
    expect(result.ticks.filter((tick) => tick.location === "one").map((tick) => tick.name)).toEqual([
      "first",
      "default_automation_sensor",
    ]);
  });
});

test("a condition that asks over and over without any news is stopped and reported", async () => {
  const locations = load(
    defineLocation({
      name: "team",
      assets: [asset({ key: "a", automation: automation.not(automation.inProgress()), materialize: make })],
    }),
  );
  const result = await simulate({
    locations,
    from: "2026-01-10T00:00:00Z",
    to: "2026-01-10T01:00:00Z",
    automation: { maxRequestsPerMinute: 5 },
  });
  expect(result.runs).toHaveLength(5);
  expect(result.reports.filter((line) => line.includes("a was requested 5 times within a minute"))).toHaveLength(1);
});

describe("pauses", () => {
  const chain = () =>
    load(
      clockwork(),
      defineLocation({
        name: "one",
        assets: [
          asset({ key: "a", materialize: make }),
          asset({ key: "b", deps: ["a" as never], automation: anyDepsUpdated(), materialize: make }),
          asset({ key: "c", deps: ["b" as never], automation: anyDepsUpdated(), materialize: make }),
        ],
        schedules: [schedule({ name: "nightly", cron: "0 3 * * *", target: "key:b", defaultStatus: "running" })],
      }),
    );
  const pausing =
    (change: Partial<Parameters<typeof addPause>[1]>, updates: string[], end?: string) =>
    async (instant: Date, platform: Parameters<NonNullable<Parameters<typeof simulate>[0]["at"]>>[1]) => {
      const { storage, log, workspace } = platform;
      const now = instant.getTime();
      // Once for each minute: within it the clock stops where runs end.
      const time = instant.getUTCSeconds() === 0 ? instant.toISOString().slice(11, 16) : "";
      if (time === "00:10")
        await addPause(storage, { selection: "key:b", forMs: 2 * 3_600_000, now, ...change }, workspace.graph());
      if (end === time) await endPause(storage, "key:b", now);
      if (updates.includes(time)) await log.append([{ type: "materialization", at: now, asset: "a" }]);
    };
  const times = (result: Simulation) => told(automatic(result)).map((line) => line.slice(6));

  test("what becomes due while it is paused is requested once, with what depends on it, when the pause ends by the clock", async () => {
    const result = await simulate({
      locations: chain(),
      ...day,
      to: "2026-01-10T02:50:00Z",
      at: pausing({}, ["01:00", "01:30"]),
    });
    expect(times(result)).toEqual(["02:10 b,c"]);
  });

  test("a pause that is ended by hand does not wait for the clock", async () => {
    const result = await simulate({
      locations: chain(),
      ...day,
      to: "2026-01-10T02:50:00Z",
      at: pausing({ forMs: undefined }, ["01:00"], "01:20"),
    });
    expect(times(result)).toEqual(["01:20 b,c"]);
  });

  test("a pause without anything due leads to nothing, and updates after it count as ever", async () => {
    const result = await simulate({ locations: chain(), ...day, to: "2026-01-10T02:50:00Z", at: pausing({}, ["02:20"]) });
    expect(times(result)).toEqual(["02:20 b,c"]);
  });

  test("schedules go on, unless everything is paused: then their tick says why it asked for nothing", async () => {
    const runs = ({ runs: all }: Simulation) => all.filter((run) => run.tags["kc/schedule"] === "nightly").length;
    const long = { forMs: 5 * 3_600_000, reason: "month end" };
    expect(runs(await simulate({ locations: chain(), ...day, at: pausing(long, []) }))).toBe(1);
    const result = await simulate({ locations: chain(), ...day, at: pausing({ ...long, all: true }, []) });
    expect(runs(result)).toBe(0);
    const tick = result.ticks.find((one) => one.name === "nightly");
    expect(tick).toMatchObject({ status: "skipped", skip: "b is paused until 2026-01-10T05:10:00.000Z: month end" });
  });

  test("a selection that names nothing, and a time over a year, are refused", async () => {
    const refused: unknown[] = [];
    await simulate({
      locations: chain(),
      ...day,
      to: "2026-01-10T00:20:00Z",
      async at(instant, { storage, workspace }) {
        const now = instant.getTime();
        const add = (selection: string, forMs: number) => addPause(storage, { selection, forMs, now }, workspace.graph());
        for (const attempt of [add("key:bb", 1), add("group:none", 1), add("key:b", 400 * 86_400_000)])
          await attempt.catch((error: Error) => refused.push(error.message));
      },
    });
    expect(refused.slice(0, 3)).toEqual([
      expect.stringContaining('there is no asset "bb"'),
      'the selection "group:none" names no asset',
      "a pause lasts at most a year",
    ]);
  });
});

test("the history keeps evaluations whose truth changed or that asked for something, with the request", async () => {
  let history: StoredEvaluation[] = [];
  await simulate({
    locations: load(
      clockwork(),
      defineLocation({
        name: "one",
        assets: [
          asset({ key: "a", materialize: make }),
          asset({ key: "b", deps: ["a" as never], automation: anyDepsUpdated(), materialize: make }),
        ],
      }),
    ),
    ...day,
    to: "2026-01-10T03:00:00Z",
    async at(instant, { log, storage }) {
      if (instant.toISOString().slice(11, 19) === "01:00:00")
        await log.append([{ type: "materialization", at: instant.getTime(), asset: "a" }]);
      history = await storage.listEvaluations("b");
    },
  });
  expect(
    history.map((one) => [new Date(one.at).toISOString().slice(11, 16), one.evaluation.value, one.requestId !== null]),
  ).toEqual([
    ["01:00", false, false],
    ["01:00", true, true],
    ["00:05", false, false],
  ]);
  expect(history[1]!.evaluation.parts[0]).toMatchObject({
    label: "a",
    value: true,
    parts: [
      { label: "newlyUpdated", value: true },
      { label: "willBeRequested", value: false },
    ],
  });
});

describe("blocking checks across runs and locations", () => {
  const gated = automation.and(automation.sinceLastHandled(anyDepsUpdated()), automation.allDepsBlockingChecksPassed());
  const locations = () =>
    load(
      clockwork(),
      defineLocation({
        name: "one",
        assets: [asset({ key: "a", checks: [{ name: "rows", blocking: true }, { name: "hint" }], materialize: make })],
      }),
      defineLocation({ name: "two", assets: [asset({ key: "b", deps: ["a" as never], automation: gated, materialize: make })] }),
    );
  const result = (name: string, passed: boolean, severity: "WARN" | "ERROR" = "ERROR") => ({
    type: "check_result" as const,
    asset: "a",
    check: { name, passed, severity, blocking: name === "rows" },
  });
  const update = { type: "materialization" as const, asset: "a" };
  const play = async (plan: Record<string, object[]>) => {
    const simulation = await simulate({
      locations: locations(),
      ...day,
      async at(instant, { log }) {
        const events = instant.getUTCSeconds() === 0 ? plan[instant.toISOString().slice(11, 16)] : undefined;
        if (events) await log.append(events.map((event) => ({ ...event, at: instant.getTime() })) as never[]);
      },
    });
    return told(automatic(simulation)).map((line) => line.slice(6));
  };
  test("an update waits for the blocking check of that very materialization", async () => {
    expect(await play({ "01:00": [update], "02:00": [result("rows", true)] })).toEqual(["02:00 b"]);
  });
  test("the result of an earlier materialization does not count", async () => {
    expect(await play({ "01:00": [update, result("rows", true)], "02:00": [update], "03:00": [result("rows", true)] })).toEqual([
      "01:00 b",
      "03:00 b",
    ]);
  });
  test("a failed blocking check holds it until one passes; a warning and other checks hold nothing", async () => {
    expect(await play({ "01:00": [update, result("rows", false)], "03:00": [result("rows", true)] })).toEqual(["03:00 b"]);
    expect(await play({ "01:00": [update, result("rows", false, "WARN"), result("hint", false)] })).toEqual(["01:00 b"]);
  });
});
