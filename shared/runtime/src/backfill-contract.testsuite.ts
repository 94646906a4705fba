import { expect, test } from "vitest";
import { type Backfill, newBackfill } from "./backfill.ts";
import type { Storage } from "./storage.ts";

/** A backfill of January's orders, at most ten runs at one time. */
export const januaryBackfill = (id: string, more: Partial<Backfill> = {}): Backfill => ({
  ...newBackfill({ id, title: "orders", targets: { orders: ["2026-01-01...2026-01-31"] }, createdAt: 1_000, maxRuns: 10 }),
  ...more,
});

/** What every storage keeps of backfills. */
export function backfillContract(open: () => Storage): void {
  test("a backfill is read as it was stored; newest come first, and by status", async () => {
    const storage = open();
    const first = januaryBackfill("a", { policy: { chunks: 3 }, tags: { team: "x" } });
    await storage.createBackfill(first);
    await storage.createBackfill(januaryBackfill("b", { createdAt: 2_000, status: "paused" }));
    expect(await storage.getBackfill("a")).toEqual(first);
    expect(await storage.getBackfill("c")).toBeNull();
    expect((await storage.listBackfills()).map((one) => one.id)).toEqual(["b", "a"]);
    expect((await storage.listBackfills({ statuses: ["running"] })).map((one) => one.id)).toEqual(["a"]);
    expect(await storage.listBackfills({ limit: 1 })).toHaveLength(1);
  });
  test("changes that come at one time are made one after the other, none is lost", async () => {
    const storage = open();
    await storage.createBackfill(januaryBackfill("a"));
    await Promise.all(Array.from({ length: 20 }, () => storage.updateBackfill("a", (one) => ({ ...one, runs: one.runs + 1 }))));
    expect((await storage.getBackfill("a"))!.runs).toBe(20);
    expect(await storage.updateBackfill("none", (one) => one)).toBeNull();
  });
}
