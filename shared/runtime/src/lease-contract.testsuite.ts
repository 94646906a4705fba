import { expect, test } from "vitest";
import { LeaseLost } from "./lease.ts";
import type { NewRun, Storage } from "./storage.ts";

/** What every storage keeps of leases. */
export function leaseContract(open: () => Storage, newRun: (id: string) => NewRun): void {
  test("a lease that nobody has is taken once; its terms grow", async () => {
    const storage = open();
    expect(await storage.lease("daemon")).toBeNull();
    const first = await storage.takeLease("daemon", "a", null);
    expect(first).toEqual({ name: "daemon", holder: "a", term: 1, beat: 0, released: false });
    expect(await storage.takeLease("daemon", "b", null)).toBeNull();
    expect(await storage.lease("daemon")).toEqual(first);
    await storage.releaseLease("daemon", 1);
    expect(await storage.lease("daemon")).toMatchObject({ holder: "a", term: 1, released: true });
    expect(await storage.takeLease("daemon", "b", null)).toMatchObject({ holder: "b", term: 2, released: false });
    expect(await storage.takeLease("other", "c", null)).toMatchObject({ term: 1 });
  });
  test("of many that want it at one time one gets it", async () => {
    const storage = open();
    const taken = await Promise.all(Array.from({ length: 8 }, (_, at) => storage.takeLease("daemon", String(at), null)));
    expect(taken.filter((one) => one !== null)).toHaveLength(1);
  });
  test("a lease that stood still since it was seen is taken from its holder; a renewed one is not", async () => {
    const storage = open();
    const first = (await storage.takeLease("daemon", "a", null))!;
    expect(await storage.renewLease("daemon", 1)).toBe(true);
    expect(await storage.takeLease("daemon", "b", first)).toBeNull();
    const seen = (await storage.lease("daemon"))!;
    expect(await storage.takeLease("daemon", "b", seen)).toMatchObject({ holder: "b", term: 2 });
    expect(await storage.renewLease("daemon", 1)).toBe(false);
    await storage.releaseLease("daemon", 1);
    expect(await storage.lease("daemon")).toMatchObject({ holder: "b", released: false });
  });
  test("every write of a deposed holder is refused and leaves nothing; its reads go on", async () => {
    const storage = open();
    await storage.takeLease("daemon", "a", null);
    const fenced = storage.fenced("daemon", 1);
    await fenced.setValue("x", "1");
    await fenced.createRuns([newRun("r1")], [{ type: "run_queued", at: 1, runId: "r1" }]);
    const tick = await fenced.startTick({ location: "team", name: "s", type: "schedule", at: 5 });
    await storage.takeLease("daemon", "b", (await storage.lease("daemon"))!);
    const before = [await storage.lastEventId(), (await storage.listRuns()).length, await storage.listTicks()];
    const writes: [string, () => Promise<unknown>][] = [
      ["createRuns", () => fenced.createRuns([newRun("r2")], [{ type: "run_queued", at: 1, runId: "r2" }], { x: "2" })],
      ["appendEvents", () => fenced.appendEvents([{ type: "run_started", at: 2, runId: "r1" }])],
      ["setRunConnections", () => fenced.setRunConnections("r1", { db: "vendor" })],
      ["setValue", () => fenced.setValue("x", "2")],
      ["setInstigator", () => fenced.setInstigator({ location: "team", name: "s", type: "schedule", cursor: "9" })],
      ["startTick", () => fenced.startTick({ location: "team", name: "s", type: "schedule", at: 6 })],
      ["retryTick", () => fenced.retryTick(tick.id, { attempts: 1, retryAt: 9, error: "x" })],
      ["endTick", () => fenced.endTick(tick.id, { status: "success", endedAt: 6 }, "7")],
      ["decide", () => fenced.decide({ values: { x: "2" } })],
      ["changeDynamicPartitions", () => fenced.changeDynamicPartitions("d", { add: ["k"], at: 1 })],
      ["updateBackfill", () => fenced.updateBackfill("none", (one) => one)],
      ["addEvaluations", () => fenced.addEvaluations([], 1)],
      ["prune", () => fenced.prune({ runs: 10_000_000 })],
    ];
    for (const [name, write] of writes) await expect(write(), name).rejects.toThrow(LeaseLost);
    expect([await storage.lastEventId(), (await storage.listRuns()).length, await storage.listTicks()]).toEqual(before);
    expect(await fenced.getValue("x")).toBe("1");
    expect((await fenced.getRun("r1"))!.status).toBe("queued");
  });
}
