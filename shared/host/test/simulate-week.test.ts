import { resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { loadSnapshots, type Simulation, simulate } from "../src/testing.ts";

// The repository's own three locations over a week, as their code servers load them.
describe("a week of the repository's own workspace", () => {
  let locations: Awaited<ReturnType<typeof loadSnapshots>>;
  let week: Simulation;
  beforeAll(async () => {
    locations = await loadSnapshots(resolve(import.meta.dirname, "..", "..", ".."));
    week = await simulate({ locations, from: "2026-01-05T00:00:00Z", to: "2026-01-12T00:00:00Z" });
  });

  test("every tick of every schedule comes once, in order, and none fails", () => {
    const ticksOf = (name: string) => week.ticks.filter((tick) => tick.name === name).map((tick) => tick.at);
    const everyMs = (name: string) => ticksOf(name).slice(1).map((at, index) => at - ticksOf(name)[index]!); // biome-ignore format: short
    expect(ticksOf("csv_fact_virtual_schedule")).toHaveLength(7 * 24 * 30);
    expect(ticksOf("load_shop_schedule")).toHaveLength(7 * 24 * 6);
    expect(new Set(everyMs("csv_fact_virtual_schedule"))).toEqual(new Set([120_000]));
    expect(week.ticks.filter((tick) => tick.status === "failed")).toEqual([]);
    expect(week.reports).toEqual([]);
    expect(week.alerts).toEqual([]);
  });

  test("each load of the CSV goes through dbt to the JSON file, once and in that order", () => {
    const at = week.runs.filter((run) => run.createdAt < Date.parse("2026-01-05T00:08:00Z"));
    const chain = at.map((run) => `${new Date(run.createdAt).toISOString().slice(14, 19)} ${run.location}`);
    const minute = (name: string) => [`${name}:00 ingestion`, `${name}:01 dbt`, `${name}:01 downstream`];
    expect(chain).toEqual([...minute("02"), ...minute("04"), ...minute("06")]);
    const ended = new Map(week.runs.map((run) => [run.id, run.endedAt]));
    for (const run of week.runs)
      for (const need of run.needs) expect(ended.get(need)).toBeLessThanOrEqual(run.startedAt ?? Number.POSITIVE_INFINITY);
  });

  test("while the CSV has not changed nothing downstream runs", async () => {
    const { runs } = await simulate({
      locations,
      from: "2026-01-05T00:00:00Z",
      to: "2026-01-06T00:00:00Z",
      outcome: (asset) => (asset === "csv_fact_virtual" || asset === "fact_virtual" ? "unchanged" : "materialized"),
    });
    const made = runs.filter((run) => run.plan.assets.includes("downstream/fact_virtual_count"));
    // What the shop's loads bring is not what the count depends on; the first build of dbt's models is.
    expect(made.length).toBeLessThanOrEqual(24 * 6);
    expect(runs.filter((run) => run.tags["kc/schedule"] === "csv_fact_virtual_schedule").length).toBeGreaterThan(700);
  });

  test("a night in which the load fails: dbt and the count wait for the next good one", async () => {
    const broken = (at: number) => at >= Date.parse("2026-01-05T01:00:00Z") && at < Date.parse("2026-01-05T02:00:00Z");
    const { runs } = await simulate({
      locations,
      from: "2026-01-05T00:00:00Z",
      to: "2026-01-05T03:00:00Z",
      outcome: (asset, run) => (asset === "fact_virtual" && broken(run.createdAt) ? "failed" : "materialized"),
    });
    const counts = runs.filter((run) => run.plan.assets.includes("downstream/fact_virtual_count")).map((run) => run.createdAt);
    expect(counts.filter((at) => at > Date.parse("2026-01-05T01:00:05Z") && at < Date.parse("2026-01-05T02:00:00Z"))).toEqual([]);
    expect(counts.some((at) => at >= Date.parse("2026-01-05T02:00:00Z"))).toBe(true);
  });
});
