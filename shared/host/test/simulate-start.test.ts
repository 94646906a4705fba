import {
  asset,
  assetCheck,
  automation,
  dailyPartitions,
  defineLocation,
  dynamicPartitions,
  eager,
  type LocationDefinition,
  onMissing,
  schedule,
  staticPartitions,
} from "@kc/runtime";
import { assembleLocation } from "@kc/runtime/internal";
import { afterEach, describe, expect, test } from "vitest";
import { decisivePartitions } from "../src/simulate/seed.ts";
import { loadSnapshots, type SimulateOptions, type Simulation, simulate, simulationSettings } from "../src/testing.ts";
import { make } from "./play.ts";
import { definitions, makeWorkspace } from "./workspace.ts";

/** Whatever is missing, once. */
const fillIn = () => automation.and(automation.missing(), automation.not(automation.inProgress()));
const load = (...definitions: LocationDefinition[]) => definitions.map((definition) => assembleLocation(definition).snapshot);
/** `DD HH:MM asset partition` of each run. */
const told = ({ runs }: Simulation) =>
  runs.map((run) =>
    [new Date(run.createdAt).toISOString().slice(8, 16).replace("T", " "), ...run.plan.assets, run.partition]
      .filter(Boolean)
      .join(" "),
  );
const span = { from: "2026-01-10T12:00:00Z", to: "2026-01-11T12:00:00Z" };
const hourly = (name: string, target: string, more: Partial<Parameters<typeof schedule>[0]> = {}) =>
  schedule({ name, cron: "0 */6 * * *", target, ...more } as Parameters<typeof schedule>[0]);

describe("what is on, off and paused", () => {
  const team = () =>
    load(
      defineLocation({
        name: "team",
        assets: [asset({ key: "a", materialize: make }), asset({ key: "b", materialize: make })],
        schedules: [hourly("on", "a", { defaultStatus: "running" }), hourly("off", "b", { defaultStatus: "stopped" })],
      }),
    );

  test("a schedule that was turned off makes no runs, and one that was turned on does", async () => {
    const { runs } = await simulate({ locations: team(), ...span });
    expect([...new Set(runs.flatMap((run) => run.plan.assets))]).toEqual(["a"]);
    const turned = await simulate({
      locations: team(),
      ...span,
      start: {
        instigators: [
          { type: "schedule", location: "team", name: "on", running: false },
          { type: "schedule", location: "team", name: "off", running: true },
        ],
      },
    });
    expect(told(turned)).toEqual(["10 18:00 b", "11 00:00 b", "11 06:00 b", "11 12:00 b"]);
  });

  test("automation that was turned off requests nothing", async () => {
    const locations = load(
      defineLocation({ name: "team", assets: [asset({ key: "a", automation: fillIn(), materialize: make })] }),
    );
    expect(told(await simulate({ locations, ...span }))).toEqual(["10 12:00 a"]);
    const off = { type: "sensor", location: "team", name: "default_automation_sensor", running: false } as const;
    expect(told(await simulate({ locations, ...span, start: { instigators: [off] } }))).toEqual([]);
  });

  test("a paused asset is not requested until its pause ends; a pause that is over, or of what is gone, does nothing", async () => {
    const locations = load(
      defineLocation({
        name: "team",
        assets: [
          asset({ key: "raw", materialize: make }),
          asset({ key: "mart", deps: ["raw"], automation: eager(), materialize: make }),
        ],
        schedules: [hourly("load", "raw", { defaultStatus: "running" })],
      }),
    );
    const mart = async (pauses: NonNullable<SimulateOptions["start"]>["pauses"]) =>
      told(await simulate({ locations, ...span, start: { pauses: pauses! } })).filter((line) => line.endsWith("mart"));
    const all = ["10 18:00 mart", "11 00:00 mart", "11 06:00 mart"];
    expect(await mart([])).toEqual(all);
    expect(await mart([{ selection: "mart", until: "2026-01-11T05:30:00Z" }])).toEqual(["11 05:30 mart", "11 06:00 mart"]);
    expect(await mart([{ selection: "mart", until: null }])).toEqual([]);
    expect(await mart([{ selection: "mart", until: "2026-01-10T11:00:00Z" }])).toEqual(all);
    expect(await mart([{ selection: "gone", until: null }])).toEqual(all);
  });
});

describe("what is made", () => {
  const alerts = {
    channels: { ops: { type: "webhook", url: "http://localhost/" } },
    rules: [{ name: "stale", on: ["freshness"], channels: ["ops"] }],
  };
  const rates = () =>
    load(
      defineLocation({
        name: "team",
        assets: [asset({ key: "rates", freshness: { maxAge: { fail: "4h" } }, materialize: make })],
      }),
    );
  const at = ({ alerts }: Simulation) => alerts.map(({ message }) => message.at.slice(8, 16));

  test("an asset within its freshness is told stale at the instant at which it is", async () => {
    const assets = [{ key: "rates", materialization: { at: "2026-01-10T10:30:00Z" }, freshness: "fresh" as const }];
    const result = await simulate({ locations: rates(), ...span, alerts, start: { assets } });
    expect(at(result)).toEqual(["10T14:30"]);
    expect(result.events.map((event) => `${event.type} ${event.state}`)).toEqual(["freshness fail"]);
  });

  test.each(["fresh", "fail", null] as const)(
    "one that is stale already is no news, whether %s is stored of it",
    async (freshness) => {
      const assets = [{ key: "rates", materialization: { at: "2026-01-10T06:00:00Z" }, freshness }];
      const result = await simulate({ locations: rates(), ...span, alerts, start: { assets } });
      expect(at(result)).toEqual([]);
      expect(result.events).toEqual([]);
    },
  );

  test("one that was found unchanged since is as fresh as that", async () => {
    const made = { key: "rates", materialization: { at: "2026-01-10T06:00:00Z" }, unchangedAt: "2026-01-10T11:00:00Z" };
    expect(at(await simulate({ locations: rates(), ...span, alerts, start: { assets: [made] } }))).toEqual(["10T15:00"]);
  });

  test("of the latest partition it counts when that was made", async () => {
    const partitions = dailyPartitions({ start: "2026-01-01" });
    const freshness = { maxAge: { fail: "30h" as const }, of: "latestPartition" as const };
    const locations = load(
      defineLocation({ name: "team", assets: [asset({ key: "rates", partitions, freshness, materialize: make })] }),
    );
    expect(decisivePartitions(locations)).toEqual(["rates"]);
    const start = {
      // An older partition was made again today.
      assets: [{ key: "rates", materialization: { at: "2026-01-10T11:00:00Z" } }],
      partitions: { rates: { materialized: ["2026-01-01...2026-01-09"], newestAt: "2026-01-10T00:10:00Z" } },
    };
    const { events } = await simulate({ locations, ...span, start });
    expect(events.map(({ at, type, state }) => `${new Date(at).toISOString().slice(8, 16)} ${type} ${state}`)).toEqual([
      "11T06:10 freshness fail",
    ]);
  });

  test("only partitions that are missing are asked for", async () => {
    const partitions = staticPartitions(["x", "y", "z"]);
    const locations = load(
      defineLocation({ name: "team", assets: [asset({ key: "a", partitions, automation: fillIn(), materialize: make })] }),
    );
    const start = {
      assets: [{ key: "a", materialization: { at: "2026-01-10T06:00:00Z" } }],
      partitions: { a: { materialized: ["x", "z"] } },
    };
    expect(told(await simulate({ locations, ...span, start }))).toEqual(["10 12:00 a y"]);
  });

  test("onMissing makes a new window once what it needs is made, be it from before", async () => {
    const locations = load(
      defineLocation({
        name: "team",
        assets: [
          asset({ key: "base", materialize: make }),
          asset({
            ...{ key: "daily", deps: ["base"], automation: onMissing(), materialize: make },
            partitions: dailyPartitions({ start: "2026-01-01" }),
          }),
        ],
      }),
    );
    expect(told(await simulate({ locations, ...span }))).toEqual([]);
    const start = { assets: [{ key: "base", materialization: { at: "2026-01-02T06:00:00Z" } }] };
    expect(told(await simulate({ locations, ...span, start }))).toEqual(["11 00:00 daily 2026-01-10"]);
  });
});

describe("what else stands", () => {
  const rule = (on: string) => ({
    channels: { ops: { type: "webhook", url: "http://localhost/" } },
    rules: [{ name: "bad", on: [on], channels: ["ops"] }],
  });

  test("a check that failed before holds back what it blocks; it is no result of the simulation", async () => {
    const locations = load(
      defineLocation({
        name: "team",
        assets: [asset({ key: "up", materialize: make }), asset({ key: "down", deps: ["up"], materialize: make })],
        checks: [assetCheck({ asset: "up", name: "ok", blocking: "everywhere", run: () => ({ passed: true }) })],
        schedules: [hourly("go", "down", { defaultStatus: "running" })],
      }),
    );
    const ended = async (passed: boolean) => {
      const result = { passed, severity: "ERROR" as const, at: "2026-01-10T07:00:00Z" };
      const up = { key: "up", materialization: { at: "2026-01-10T07:00:00Z" }, checks: [{ name: "ok", blocking: true, result }] };
      const { runs, events } = await simulate({ locations, ...span, start: { assets: [up] } });
      expect(events.filter((event) => event.type === "check_result")).toEqual([]);
      return new Set(runs.slice(0, -1).map((run) => run.status));
    };
    expect(await ended(true)).toEqual(new Set(["succeeded"]));
    expect(await ended(false)).toEqual(new Set(["queued"]));
  });

  test("keys of dynamic partitions are there, and a mute holds until its end", async () => {
    const partitions = dynamicPartitions("shops");
    const locations = load(
      defineLocation({
        name: "team",
        assets: [
          asset({ key: "a", partitions, automation: fillIn(), materialize: make }),
          asset({ key: "b", materialize: make }),
        ],
        schedules: [hourly("go", "b", { defaultStatus: "running" })],
      }),
    );
    const start = {
      ...{ dynamicPartitions: [{ name: "shops", keys: ["north", "south"] }], partitions: { a: { materialized: ["north"] } } },
      assets: [{ key: "a", materialization: { at: "2026-01-10T07:00:00Z" } }],
      mutes: [{ rule: "bad", selection: null, until: "2026-01-11T03:00:00Z" }],
    };
    const options = { locations, ...span, alerts: rule("run_failed"), outcome: () => "failed" as const };
    const told = async (start: SimulateOptions["start"]) => simulate({ ...options, start: start! });
    const { runs, alerts } = await told(start);
    expect(runs.find((run) => run.plan.assets.includes("a"))?.partition).toBe("south");
    expect(alerts[0]?.message.at.slice(8, 13)).toBe("11T03");
    expect((await told({})).alerts[0]?.message.at.slice(8, 13)).toBe("10T18");
  });
});

describe("what automation remembers", () => {
  /** As it is stored at the last instant of a simulation at which anything can happen. */
  const remembered = async (options: SimulateOptions): Promise<string> => {
    let text: string | null = null;
    const at: SimulateOptions["at"] = async (_, { storage }) => {
      text = await storage.getValue("automation.cursor");
    };
    await simulate({ ...options, at });
    return text!;
  };
  const before = { from: "2026-01-09T12:00:00Z", to: span.from };

  test("what became due in a pause is requested after it", async () => {
    const locations = load(
      defineLocation({
        name: "team",
        assets: [
          asset({ key: "raw", materialize: make }),
          asset({ key: "mart", deps: ["raw"], automation: eager(), materialize: make }),
        ],
        schedules: [schedule({ name: "load", cron: "0 9,10 * * *", target: "raw", defaultStatus: "running" })],
      }),
    );
    const assets = ["raw", "mart"].map((key) => ({ key, materialization: { at: "2026-01-09T11:00:00Z" } }));
    const automation = await remembered({
      locations,
      ...before,
      start: { assets, pauses: [{ selection: "mart", until: null }] },
    });
    const start = { assets, pauses: [{ selection: "mart", until: "2026-01-10T13:00:00Z" }] };
    expect(told(await simulate({ locations, ...span, start })).slice(0, 1)).toEqual(["11 09:00 raw"]);
    const result = await simulate({ locations, ...span, start: { ...start, automation } });
    expect(told(result).slice(0, 2)).toEqual(["10 13:00 mart", "11 09:00 raw"]);
  });

  test("a window that waits for what it needs is requested with it; one whose partitions are not told is left alone", async () => {
    const partitions = dailyPartitions({ start: "2026-01-01" });
    const locations = load(
      defineLocation({
        name: "team",
        assets: [
          asset({ key: "clock", materialize: make }),
          asset({ key: "up", partitions, materialize: make }),
          asset({ key: "down", deps: ["up"], partitions, automation: onMissing(), materialize: make }),
        ],
        schedules: [
          schedule({ name: "late", cron: "0 18 * * *", target: "up", partition: "latest", defaultStatus: "running" }),
          hourly("tick", "clock", { defaultStatus: "running" }),
        ],
      }),
    );
    const assets = ["up", "down"].map((key) => ({ key, materialization: { at: "2026-01-09T11:00:00Z" } }));
    const made = { materialized: ["2026-01-01...2026-01-07"] };
    const start = { assets, partitions: { up: made, down: made } };
    const late = { type: "schedule", location: "team", name: "late", running: false } as const;
    const automation = await remembered({ locations, ...before, start: { ...start, instigators: [late] } });
    const down = async (start: SimulateOptions["start"]) =>
      told(await simulate({ locations, from: span.from, to: "2026-01-10T23:00:00Z", start: start! })).filter((line) =>
        line.includes("down"),
      );
    expect(await down(start)).toEqual([]);
    expect(await down({ ...start, automation })).toEqual(["10 18:00 down 2026-01-09"]);
    expect(await down({ assets, partitions: { up: made }, automation })).toEqual([]);
  });
});

describe("what kc.yaml says", () => {
  let remove = () => {};
  afterEach(() => remove());

  test("its limits hold, and a limit set by command wins", async () => {
    const workspace = makeWorkspace(
      {},
      `runs: { max_concurrent: 2, retries: { max: 1, delay: 5m } }
pools: { granularity: run, warehouse: 2 }
ticks: { max_runs: 7 }
automation: { max_requests_per_minute: 3 }
`,
    );
    remove = workspace.remove;
    const settings = simulationSettings(workspace.root, {});
    expect(settings).toMatchObject({ maxConcurrentRuns: 2, ticks: { maxRuns: 7 }, automation: { maxRequestsPerMinute: 3 } });
    const names = ["a", "b", "c"];
    const locations = load(
      defineLocation({
        name: "team",
        assets: names.map((key) => asset({ key, pool: "warehouse", materialize: make })),
        schedules: names.map((key) => schedule({ name: `${key}s`, cron: "0 18 * * *", target: key, defaultStatus: "running" })),
      }),
    );
    const started = async (more: Partial<SimulateOptions>) =>
      (await simulate({ locations, ...span, durationMs: () => 600_000, ...more })).runs.map(({ startedAt }) =>
        new Date(startedAt!).toISOString().slice(11, 16),
      );
    expect(await started({})).toEqual(["18:00", "18:00", "18:00"]);
    expect(await started(settings)).toEqual(["18:00", "18:00", "18:10"]);
    const byCommand = simulationSettings(workspace.root, {}, [{ name: "warehouse", slots: 1, by: "command" }]);
    expect(await started(byCommand)).toEqual(["18:00", "18:10", "18:20"]);
    const failing = await started({ ...settings, outcome: (key) => (key === "c" ? "failed" : "materialized") });
    expect(failing).toEqual(["18:00", "18:00", "18:10", "18:25"]);
  });

  test("a location that does not load is told also when its last definitions are known", { timeout: 60_000 }, async () => {
    const workspace = makeWorkspace({ team: definitions("team", "") });
    remove = workspace.remove;
    const home = `${workspace.root}/.kc`;
    expect(await loadSnapshots(workspace.root, { home })).toHaveLength(1);
    const broken = makeWorkspace({ team: definitions("team", "", "throw new Error('not today');") });
    const { cpSync } = await import("node:fs");
    cpSync(`${broken.root}/locations/team/src`, `${workspace.root}/locations/team/src`, { recursive: true });
    broken.remove();
    await expect(loadSnapshots(workspace.root, { home })).rejects.toThrow(/location team does not load: .*not today/s);
  });
});
