import { beforeEach, describe, expect, test } from "vitest";
import type { CodeProcess } from "../locations/code-process.ts";
import type { Workspace } from "../locations/workspace.ts";
import { type WorkerPool, workerPool } from "./worker-pool.ts";

type Fake = CodeProcess & { location: string; ended: boolean; crash(): void };

let started: Fake[];
let generation: Map<string, number>;
let changed: (name: string) => void;
let loaded: () => void;
let pool: WorkerPool;

const poolOf = (options: { maxIdle?: number; maxRunsPerWorker?: number } = {}) => {
  const workspace = {
    location: (name: string) => ({ status: "loaded", generation: generation.get(name) ?? 1 }),
    startWorker(location: string) {
      let exit = () => {};
      const exited = new Promise<void>((resolve) => {
        exit = resolve;
      });
      const fake = {
        location,
        ended: false,
        child: { exited, running: () => !fake.ended },
        crash() {
          fake.ended = true;
          exit();
        },
        async stop() {
          fake.crash();
        },
      } as unknown as Fake;
      started.push(fake);
      return fake;
    },
    settled: () =>
      new Promise<void>((resolve) => {
        loaded = resolve;
      }),
    onChange(listener: (name: string) => void) {
      changed = listener;
      return () => {};
    },
  };
  return workerPool(workspace as unknown as Workspace, { maxIdle: 3, maxRunsPerWorker: 100, now: () => 0, ...options });
};
const living = () => started.filter((one) => !one.ended);
beforeEach(() => {
  started = [];
  generation = new Map();
  pool = poolOf();
});

describe("workerPool()", () => {
  test("a worker that is given back is taken again", () => {
    const one = pool.take("team");
    pool.release(one, true);
    expect(pool.take("team")).toBe(one);
    expect(started).toHaveLength(1);
  });
  test("one run at a time: beside a busy worker a second one starts", () => {
    expect(pool.take("team")).not.toBe(pool.take("team"));
  });
  test("a worker serves its own location only", () => {
    pool.release(pool.take("team"), true);
    expect((pool.take("other") as Fake).location).toBe("other");
  });
  test("a warm worker waits for the first run, and only one is warmed", () => {
    pool.warm("team");
    pool.warm("team");
    expect(started).toHaveLength(1);
    expect(pool.take("team")).toBe(started[0]);
  });
  test("a worker that is not reusable is ended", () => {
    pool.release(pool.take("team"), false);
    expect(living()).toEqual([]);
  });
  test("after its number of runs a worker is replaced", () => {
    pool = poolOf({ maxRunsPerWorker: 2 });
    const one = pool.take("team");
    pool.release(one, true);
    expect(pool.take("team")).toBe(one);
    pool.release(one, true);
    expect((one as Fake).ended).toBe(true);
    expect(pool.take("team")).not.toBe(one);
  });
  test("a reload ends idle workers of the old code and warms one of the new once all have loaded; a busy one ends after its run", async () => {
    const busy = pool.take("team") as Fake;
    pool.warm("team");
    const idle = started[1]!;
    generation.set("team", 2);
    changed("team");
    expect([idle.ended, busy.ended]).toEqual([true, false]);
    expect(living()).toEqual([busy]);
    loaded();
    await expect.poll(() => living().length).toBe(2);
    pool.release(busy, true);
    expect(busy.ended).toBe(true);
  });
  test("of idle workers at most so many stay, the longest idle go first", () => {
    pool = poolOf({ maxIdle: 2 });
    const workers = ["a", "b", "c"].map((name) => pool.take(name) as Fake);
    for (const worker of workers) pool.release(worker, true);
    expect(workers.map((worker) => worker.ended)).toEqual([true, false, false]);
  });
  test("a worker that died while it waited is not taken", async () => {
    const one = pool.take("team") as Fake;
    pool.release(one, true);
    one.crash();
    expect(pool.take("team")).not.toBe(one);
  });
  test("stopping ends all, busy ones too, and keeps none from then on", async () => {
    const busy = pool.take("a");
    pool.warm("b");
    await pool.stop();
    expect(living()).toEqual([]);
    pool.warm("c");
    pool.release(busy, true);
    expect(living()).toEqual([]);
  });
});
