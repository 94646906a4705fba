import type { FreshnessChange } from "@kc/runtime";
import { asset, dailyPartitions, defineLocation, freshnessSensor, schedule } from "@kc/runtime";
import { describe, expect, test } from "vitest";
import { type SimulateOptions, simulate } from "../simulate/simulate.ts";
import { defaultTickSettings } from "./context.ts";
import { instigators, turnInstigator } from "./instigators.ts";
import { type Preview, previewTick } from "./preview.ts";

// Real definitions with their real functions on a virtual clock: orders is made at 01:00 and is stale two hours later.

type Run = (context: { change: FreshnessChange }) => unknown;
const freshness = { maxAge: { warn: "1h", fail: "2h" } } as const;
const orders = asset({ key: "orders", freshness, materialize() {} });
const rates = asset({ key: "rates", freshness: { maxAge: { fail: "3h" } }, materialize() {} });
const report = asset({ key: "report", materialize() {} });
const once = (key: string) => schedule({ name: `make_${key}`, cron: "0 1 * * *", target: key, defaultStatus: "running" });
const shop = defineLocation({ name: "shop", assets: [orders, rates], schedules: [once("orders"), once("rates")] });
const watcher = (run: Run, more: object = {}) =>
  defineLocation({
    name: "watch",
    assets: [report],
    sensors: [
      freshnessSensor({
        name: "stale",
        selection: "key:orders or key:rates",
        defaultStatus: "running",
        ...more,
        run: run as never,
      }),
    ],
  });
const play = (team: ReturnType<typeof watcher>, more: Partial<SimulateOptions> = {}) =>
  simulate({ locations: [shop, team], from: "2026-01-01T00:30:00Z", to: "2026-01-01T06:00:00Z", ...more });
const time = (at: string | number) => new Date(at).toISOString().slice(11, 16);
const view = ({ asset: key, before, state, timestamp }: FreshnessChange) => `${time(timestamp)} ${key} ${before} -> ${state}`;

describe("a freshness sensor", () => {
  test("is called once for each change of its selection, of any location, as it happens", async () => {
    const seen: FreshnessChange[] = [];
    const { ticks } = await play(watcher(({ change }) => void seen.push(change)));
    expect(seen.map(view)).toEqual([
      "01:00 orders unknown -> fresh",
      "01:00 rates unknown -> fresh",
      "02:00 orders fresh -> warn",
      "03:00 orders warn -> fail",
      "04:00 rates fresh -> fail",
    ]);
    expect(ticks.filter(({ name }) => name === "stale").every(({ status }) => status === "success")).toBe(true);
  });
  test("is told only of the states it names; without a selection only of its own location's assets", async () => {
    const seen: string[] = [];
    await play(watcher(({ change }) => void seen.push(view(change)), { on: ["fail"], selection: "key:orders" }));
    expect(seen).toEqual(["03:00 orders warn -> fail"]);
    const own: string[] = [];
    await play(watcher(({ change }) => void own.push(view(change)), { selection: undefined }));
    expect(own).toEqual([]);
  });
  test("asks for runs, once for each change, or skips with a reason", async () => {
    const asked = await play(watcher(() => ({ runs: [{ selection: "report" }] }), { on: ["fail"] }));
    const made = asked.runs.filter(({ location }) => location === "watch");
    expect(made.map(({ createdAt, tags }) => [time(createdAt), tags["kc/sensor"]])).toEqual([
      ["03:00", "stale"],
      ["04:00", "stale"],
    ]);
    const skipped = await play(watcher(({ change }) => ({ skip: `${change.asset} may be ${change.state}` }), { on: ["warn"] }));
    expect(skipped.ticks.filter(({ name }) => name === "stale").map(({ status, skip }) => [status, skip])).toEqual([
      ["skipped", "orders may be warn"],
    ]);
  });
  test("that throws fails its tick; the change is not handed out again, the next one is", async () => {
    const seen: string[] = [];
    const { ticks } = await play(
      watcher(({ change }) => {
        seen.push(view(change));
        if (change.state === "warn") throw new Error("the pager is away");
      }),
    );
    expect(seen).toHaveLength(5);
    const failed = ticks.filter(({ name, status }) => name === "stale" && status === "failed");
    expect(failed.map(({ error }) => error)).toEqual(["orders (warn): the pager is away"]);
  });
  test("that is turned on later is told of nothing that was before", async () => {
    const seen: string[] = [];
    await play(
      watcher(({ change }) => void seen.push(view(change)), { defaultStatus: "stopped" }),
      {
        at: async (at, { storage, log, workspace }) => {
          if (time(at.getTime()) !== "03:00") return;
          const clock = { now: () => at.getTime(), sleep: async () => {} };
          const sensor = (await instigators(workspace, storage, "sensor")).find((one) => one.definition.name === "stale")!;
          await turnInstigator({ storage, log, clock }, sensor, true);
        },
      },
    );
    // The change of 03:00 itself comes after the sensor has taken its place.
    expect(seen).toEqual(["03:00 orders warn -> fail", "04:00 rates fresh -> fail"]);
  });
  test("that is off rests alone: policies go on being watched", async () => {
    const { events } = await play(watcher(() => undefined, { defaultStatus: "stopped" }));
    expect(events.filter(({ type }) => type === "freshness")).toHaveLength(5);
  });
  test("says since when it is so, also when nobody was there to look", async () => {
    const seen: FreshnessChange[] = [];
    await play(
      watcher(({ change }) => void seen.push(change), { on: ["fail"], selection: "key:orders" }),
      {
        down: [{ from: "2026-01-01T02:30:00Z", to: "2026-01-01T05:00:00Z" }],
      },
    );
    expect(seen.map(({ since, timestamp }) => [time(since), time(timestamp)])).toEqual([["03:00", "05:00"]]);
  });
  test("names the window that it is about, where only the latest counts", async () => {
    const seen: string[] = [];
    const days = asset({
      key: "orders",
      partitions: dailyPartitions({ start: "2025-12-30" }),
      freshness: { maxAge: { fail: "26h" } },
      materialize() {},
    });
    const first = schedule({ name: "d", cron: "0 1 1 1 *", target: "orders", partition: "latest", defaultStatus: "running" });
    const team = defineLocation({
      name: "team",
      assets: [days],
      schedules: [first],
      sensors: [
        freshnessSensor({
          name: "stale",
          defaultStatus: "running",
          run: ({ change }) => void seen.push(`${change.state} ${change.partition}`),
        }),
      ],
    });
    await simulate({ locations: [team], from: "2026-01-01T00:30:00Z", to: "2026-01-03T00:00:00Z" });
    expect(seen).toEqual(["fresh 2025-12-31", "fail 2026-01-01"]);
  });
  test("previewed says what it would ask for and moves nothing on", async () => {
    let previewed: Preview | undefined;
    const dry: boolean[] = [];
    const run = ({ dryRun, change }: { dryRun: boolean; change: FreshnessChange }) => {
      dry.push(dryRun);
      return { runs: [{ selection: "report", tags: { why: change.state } }] };
    };
    const { runs } = await play(watcher(run as never, { on: ["fail"], selection: "key:orders" }), {
      to: "2026-01-01T02:30:00Z",
      at: async (at, { storage, log, workspace, requests }) => {
        if (previewed || time(at.getTime()) !== "02:00") return;
        await log.append([{ type: "freshness", at: at.getTime(), asset: "orders", state: "fail" }]);
        const sensor = (await instigators(workspace, storage, "sensor")).find((one) => one.definition.name === "stale")!;
        const context = { workspace, storage, requests, ticks: defaultTickSettings, partitions: undefined as never };
        previewed = await previewTick(context, sensor, at.getTime());
      },
    });
    expect(previewed!.runs).toMatchObject([{ assets: ["report"], tags: { why: "fail", "kc/sensor": "stale" } }]);
    expect(dry).toEqual([true, false]);
    expect(runs.filter(({ location }) => location === "watch")).toHaveLength(1);
  });
  test.each([
    ["a state that is none", { on: ["stale"], run() {} }, 'there is no freshness state "stale"'],
    ["no state", { on: [], run() {} }, "on names no state"],
    ["states without a function", { on: ["fail"] }, "on needs run"],
  ])("with %s is refused where it is written", (_, more, text) => {
    expect(() => freshnessSensor({ name: "x", ...more } as never)).toThrow(text);
  });
});
