import { afterAll, describe, expect, test } from "vitest";
import { runtimePackage, smallPlatform } from "./platform.ts";

const platform = smallPlatform({
  shop: `import { asset, automation, defineLocation, schedule, staticPartitions } from "${runtimePackage}";
const { and, missing, inProgress, not } = automation;
const make = { materialize() {} };
const every = (name, target, defaultStatus) => schedule({ name, cron: "0 * * * *", target, defaultStatus });
export default defineLocation({
  name: "shop",
  assets: [
    asset({ key: "orders", ...make }),
    asset({ key: "report", pool: "shut", ...make }),
    asset({ key: "rates", freshness: { maxAge: { fail: "2h" } }, ...make }),
    asset({ key: "regions", partitions: staticPartitions(["north", "south"]), automation: and(missing(), not(inProgress())), ...make }),
  ],
  schedules: [every("on", "orders", "running"), every("off", "report", "stopped")],
});
`,
});
platform.write(
  "kc.yaml",
  `pools: { granularity: run }
alerts: { channels: { ops: { type: webhook, url: env:HOOK } }, rules: [{ name: stale, on: [freshness], channels: [ops] }] }
`,
);
platform.write(".env", "HOOK=http://localhost/\n");
afterAll(() => platform.remove());

/** What each simulated run makes, with its end unless it succeeds; how often. */
async function simulated(...options: string[]): Promise<Record<string, number>> {
  const { code, out, err } = await platform.kc(
    "simulate",
    "--json",
    ...options,
    ...(options.includes("--to") ? [] : ["--to", "+3h"]),
  );
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const counts: Record<string, number> = {};
  type Simulated = { plan: { assets: string[] }; partition: string | null; status: string };
  for (const { plan, partition, status } of JSON.parse(out) as Simulated[]) {
    const name = [...plan.assets, partition, status === "succeeded" ? "" : status].filter(Boolean).join(" ");
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

describe("kc simulate", { timeout: 60_000 }, () => {
  test("begins from what is made, on and fresh; with --clean from nothing", async () => {
    for (const argv of [
      ["schedules", "off", "on"],
      ["schedules", "on", "off"],
      ["materialize", "rates"],
      ["materialize", "regions", "--partition", "north"],
    ])
      expect(await platform.kc(...argv)).toMatchObject({ code: 0 });
    expect(await simulated()).toEqual({ report: 3, "regions south": 1 });
    expect((await platform.kc("simulate", "--to", "+3h")).out).toMatch(/, 1 alert$/m);
    // It is stale by then, which is no news.
    const later = new Date(Date.now() + 3 * 3_600_000).toISOString();
    expect((await platform.kc("simulate", "--from", later)).out).toMatch(/, 0 alerts$/m);
    expect(await simulated("--clean")).toEqual({ orders: 3, "regions north": 1, "regions south": 1 });
  });

  test("a pause holds until its end, and a limit that was set by command", async () => {
    expect(await platform.kc("pools", "set", "shut", "0")).toMatchObject({ code: 0 });
    expect(await simulated("report")).toEqual({ "report queued": 3 });
    expect(await simulated("regions")).toEqual({ "regions south": 1 });
    expect(await platform.kc("pause", "regions", "--for", "2h")).toMatchObject({ code: 0 });
    expect(await simulated("regions")).toEqual({ "regions south": 1 });
    expect(await simulated("regions", "--to", "+1h")).toEqual({});
  });
});
