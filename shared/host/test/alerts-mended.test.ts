import { asset, dailyPartitions, defineLocation, schedule } from "@kc/runtime";
import { type AlertState, assembleLocation, buildGraph, type NewEvent } from "@kc/runtime/internal";
import { describe, expect, test } from "vitest";
import { isRemoved } from "../src/daemon/alert-mends.ts";
import type { DaemonContext } from "../src/daemon/context.ts";
import { simulate } from "../src/testing.ts";

const make = () => {};
const { snapshot } = assembleLocation(
  defineLocation({
    name: "team",
    assets: [
      asset({ key: "a", checks: [{ name: "rows" }], materialize: make }),
      asset({ key: "days", partitions: dailyPartitions({ start: "2025-12-01" }), materialize: make }),
      asset({ key: "tick", materialize: make }),
      ...["fresh", "off"].map((key) => asset({ key, freshness: { maxAge: { fail: "90d" } }, materialize: make })),
    ],
    schedules: [
      schedule({ name: "a", cron: "0 1,5 * * *", target: "a", defaultStatus: "running" }),
      schedule({ name: "days", cron: "0 1 * * *", target: "days", partition: "latest", defaultStatus: "running" }),
      schedule({ name: "tick", cron: "30 * * * *", target: "tick", defaultStatus: "running" }),
    ],
  }),
);

/** What is told of failures at 01:00 (and of `a` at 05:00) when this happens at 02:30. */
async function told(on: string[], events: Omit<NewEvent, "at">[]): Promise<string[]> {
  const { alerts } = await simulate({
    locations: [snapshot],
    from: "2026-01-01T00:05:00Z",
    to: "2026-01-01T06:00:00Z",
    outcome: (key) => (key === "tick" ? "materialized" : "failed"),
    alerts: {
      channels: { ops: { type: "webhook", url: "https://example.com/" } },
      rules: [{ name: "r", on, channels: ["ops"] }],
    },
    async at(instant, { log }) {
      if (instant.toISOString().slice(11, 19) === "02:30:00")
        await log.append(events.map((event) => ({ ...event, at: instant.getTime() })));
    },
  });
  return alerts.map(({ message }) => `${message.at.slice(11, 16)} ${message.kind} ${message.title}`);
}

describe("an alert about a failure", () => {
  const opened = ["01:00 opened Asset a failed", "01:00 opened Asset days [2025-12-31] failed"];
  test("is over once somebody reports the asset as made; its next failure is told", async () => {
    expect(await told(["asset_failed"], [{ type: "materialization", asset: "a" }])).toEqual([
      ...opened,
      "02:30 recovered Recovered: Asset a is mended",
      "05:00 opened Asset a failed",
    ]);
  });
  test("is over once it was wiped", async () => {
    expect(await told(["asset_failed"], [{ type: "wiped", asset: "a" }])).toEqual([
      ...opened,
      "02:30 recovered Recovered: Asset a is mended",
      "05:00 opened Asset a failed",
    ]);
  });
  test.each(["materialization", "wiped"] as const)("of a partition is over by %s of that very partition", async (type) => {
    const lines = await told(["asset_failed"], [{ type, asset: "days", partition: "2025-12-30" }]);
    expect(lines).toEqual(opened);
    expect(await told(["asset_failed"], [{ type, asset: "days", partition: "2025-12-31" }])).toEqual([
      ...opened,
      "02:30 recovered Recovered: Asset days [2025-12-31] is mended",
    ]);
  });
  test("of health is over too", async () => {
    expect(await told(["asset_degraded"], [{ type: "materialization", asset: "a" }])).toEqual([
      "01:00 opened Asset a is degraded",
      "01:00 opened Asset days is in warning",
      "02:30 recovered Recovered: Asset a is healthy",
      "05:00 opened Asset a is degraded",
    ]);
  });
});

describe("an alert about something that is no more", () => {
  const { graph } = buildGraph([snapshot]);
  const removed = (alert: Partial<AlertState>, status = "loaded") => {
    const location = (name: string) => (name === "team" ? { status, snapshot } : undefined);
    const workspace = { graph: () => graph, location } as unknown as DaemonContext["workspace"];
    const whole = { event: "asset_failed", subject: "", assets: [], location: "team", ...alert } as AlertState;
    return isRemoved({ workspace }, whole, { running: new Set(["team/a"]), isOff: ({ key }) => key === "off" });
  };
  test.each([
    ["an asset that its location loads without", { assets: ["gone"] }, true],
    ["one that is there", { assets: ["a"] }, false],
    ["several, one of which is there", { event: "run_failed", assets: ["gone", "a"] }, false],
    ["an asset of a location that is not there", { assets: ["gone"], location: "other" }, false],
    ["an asset that nobody placed", { assets: ["gone"], location: undefined }, false],
    ["a schedule that its location loads without", { event: "tick_failed", subject: "team/gone" }, true],
    ["one that is there and on", { event: "tick_failed", subject: "team/a" }, false],
    ["one that was turned off", { event: "tick_failed", subject: "team/days" }, true],
    ["the freshness of an asset without a policy", { event: "freshness", subject: "a", assets: ["a"] }, true],
    ["that of one whose sensor is off", { event: "freshness", subject: "off", assets: ["off"] }, true],
    ["that of one with a policy", { event: "freshness", subject: "fresh", assets: ["fresh"] }, false],
    ["a check that its asset has no more", { event: "check_failed", subject: "a#gone", assets: ["a"] }, true],
    ["one whose name begins with that of one that it has", { event: "check_failed", subject: "a#rows_all", assets: ["a"] }, true],
    ["one that it has", { event: "check_failed", subject: "a#rows", assets: ["a"] }, false],
    ["one of a partition", { event: "check_failed", subject: "a#rows [x]", assets: ["a"] }, false],
    ["a location", { event: "location_failed", subject: "team" }, false],
  ] as const)("%s", (_, alert, expected) => expect(removed(alert as Partial<AlertState>)).toBe(expected));
  test("nothing is gone while its location does not load", () => expect(removed({ assets: ["gone"] }, "error")).toBe(false));
});
