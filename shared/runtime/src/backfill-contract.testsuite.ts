import { expect, test } from "vitest";
import type { Backfill } from "./backfill.ts";
import type { Storage } from "./storage.ts";

/** A backfill as the host would store it. */
export const newBackfill = (id: string, more: Partial<Backfill> = {}): Backfill => ({
  id,
  status: "running",
  title: "orders",
  targets: { orders: ["2026-01-01...2026-01-31"] },
  policy: null,
  tags: {},
  config: {},
  maxRuns: 10,
  open: [],
  requested: {},
  done: {},
  failed: {},
  skipped: {},
  round: 0,
  runs: 0,
  createdAt: 1_000,
  endedAt: null,
  reason: null,
  ...more,
});

/** What every storage keeps of backfills. */
export function backfillContract(open: () => Storage): void {
  test("a backfill is read as it was stored; newest come first, and by status", async () => {
    const storage = open();
    const first = newBackfill("a", { policy: { chunks: 3 }, tags: { team: "x" } });
    await storage.createBackfill(first);
    await storage.createBackfill(newBackfill("b", { createdAt: 2_000, status: "paused" }));
    expect(await storage.getBackfill("a")).toEqual(first);
    expect(await storage.getBackfill("c")).toBeNull();
    expect((await storage.listBackfills()).map((one) => one.id)).toEqual(["b", "a"]);
    expect((await storage.listBackfills({ statuses: ["running"] })).map((one) => one.id)).toEqual(["a"]);
    expect(await storage.listBackfills({ limit: 1 })).toHaveLength(1);
  });
  test("changes that come at one time are made one after the other, none is lost", async () => {
    const storage = open();
    await storage.createBackfill(newBackfill("a"));
    await Promise.all(Array.from({ length: 20 }, () => storage.updateBackfill("a", (one) => ({ ...one, runs: one.runs + 1 }))));
    expect((await storage.getBackfill("a"))!.runs).toBe(20);
    expect(await storage.updateBackfill("none", (one) => one)).toBeNull();
  });
}
