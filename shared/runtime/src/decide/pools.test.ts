import { describe, expect, test } from "vitest";
import { decidePools, type PoolClaim } from "./pools.ts";
import { decideQueue } from "./queue.ts";

const claim = (id: string, more: Partial<PoolClaim> & { weight?: number; pool?: string } = {}): PoolClaim => ({
  id,
  who: `run ${id}`,
  use: { name: more.pool ?? "db", weight: more.weight ?? 1 },
  priority: more.priority ?? 0,
  since: more.since ?? 0,
});
const decide = (slots: number | undefined, held: PoolClaim[], waiting: PoolClaim[], now = 0) =>
  decidePools({ held, waiting, slotsOf: () => slots, now });

describe("decidePools()", () => {
  test("a pool without a limit lets everything in", () => {
    expect(decide(undefined, [claim("a")], [claim("b", { weight: 50 })]).grant).toEqual(["b"]);
  });
  test("slots are given in order, and who waits reads how many there are and who holds them", () => {
    const decision = decide(2, [claim("a")], [claim("b"), claim("c")]);
    expect(decision.grant).toEqual(["b"]);
    expect(decision.waiting.get("c")).toBe("waits for pool db (2 of 2 slots), held by run a, run b");
  });
  test("a heavy claim at the head is not overtaken by light ones", () => {
    const decision = decide(3, [claim("a")], [claim("heavy", { weight: 3 }), claim("light")]);
    expect(decision.grant).toEqual([]);
    expect(decision.waiting.get("heavy")).toBe("waits for 3 slots of pool db (1 of 3 slots), held by run a");
  });
  test("priority goes first, and age makes up for priority", () => {
    const waiting = [claim("old", { since: 0 }), claim("urgent", { priority: 1, since: 1_000 })];
    expect(decide(1, [], waiting, 2_000).grant).toEqual(["urgent"]);
    expect(decide(1, [], waiting, 600_500).grant).toEqual(["old"]);
  });
  test("a paused pool lets nothing in and says so", () => {
    expect(decide(0, [], [claim("a")]).waiting.get("a")).toBe("waits for pool db, which is paused (0 slots)");
  });
  test("a claim heavier than a limit that was lowered takes the pool alone instead of waiting for ever", () => {
    expect(decide(2, [], [claim("heavy", { weight: 5 }), claim("next")]).grant).toEqual(["heavy"]);
    expect(decide(2, [claim("a")], [claim("heavy", { weight: 5 })]).grant).toEqual([]);
  });
  test("pools do not hold each other up", () => {
    const decision = decide(1, [claim("a")], [claim("b"), claim("c", { pool: "other" })]);
    expect(decision.grant).toEqual(["c"]);
  });
});

describe("pools of granularity run", () => {
  const run = (id: string, pools: [string, number][], createdAt = 0) => ({
    id,
    needs: [],
    location: "team",
    createdAt,
    tags: {} as Record<string, string>,
    pools: pools.map(([name, weight]) => ({ name, weight })),
  });
  const queue = (going: ReturnType<typeof run>[], queued: ReturnType<typeof run>[]) =>
    decideQueue({ queued, going, active: going.length, maxConcurrentRuns: 100, slotsOf: () => 1, statusOf: () => undefined });

  test("a run waits in the queue for its pool and names the holder", () => {
    expect(queue([run("a", [["db", 1]])], [run("b", [["db", 1]])]).waiting.get("b")).toBe(
      "waits for pool db (1 of 1 slot), held by run a",
    );
  });
  test("a run takes all its pools or none, and who needs one of them waits behind it", () => {
    const decision = queue(
      [run("a", [["db", 1]])],
      [
        run(
          "both",
          [
            ["db", 1],
            ["api", 1],
          ],
          1,
        ),
        run("api", [["api", 1]], 2),
        run("free", [], 3),
      ],
    );
    expect(decision.launch).toEqual(["free"]);
    expect(decision.waiting.get("api")).toBe("waits for pool api behind run both");
  });
});

describe("limits of a job", () => {
  test("a job's own limit counts the runs of that job in its location", () => {
    const tags = { "kc/job": "load", "kc/max_concurrent": "1" };
    const run = (id: string, location: string) => ({ id, location, tags, needs: [], createdAt: 0 });
    const decision = decideQueue({
      queued: [run("b", "team"), run("c", "other")],
      going: [run("a", "team")],
      active: 1,
      maxConcurrentRuns: 10,
      statusOf: () => undefined,
    });
    expect(decision.launch).toEqual(["c"]);
    expect(decision.waiting.get("b")).toContain("kc/job=load, held by run a");
  });
});

/** Numbers from a seed (mulberry32). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

describe("a random day of the queue and its pools", () => {
  interface ModelRun {
    id: string;
    needs: string[];
    location: string;
    createdAt: number;
    tags: Record<string, string>;
    pools: { name: string; weight: number }[];
    steps: { name: string; weight: number }[];
    status: "queued" | "running" | "succeeded" | "failed" | "skipped" | "cancelled";
  }
  test.each(Array.from({ length: 60 }, (_, seed) => seed))(
    "seed %i: no limit is passed, no slot leaks, everything ends",
    (seed) => {
      const random = randomFrom(seed);
      const slots: Record<string, number> = { db: 1 + random(3), api: 1 + random(2), whole: 1 + random(2) };
      const most = 1 + random(5);
      const slotsOf = (name: string) => slots[name];
      const runs: ModelRun[] = Array.from({ length: 40 }, (_, index) => ({
        id: `r${index}`,
        needs: index > 0 && random(4) === 0 ? [`r${random(index)}`] : [],
        location: `l${random(3)}`,
        createdAt: random(1_000_000),
        tags: random(3) === 0 ? { "kc/priority": String(random(9) - 4) } : {},
        pools: random(3) === 0 ? [{ name: "whole", weight: 1 + random(slots.whole!) }] : [],
        steps: Array.from({ length: random(4) }, () => {
          const name = random(2) === 0 ? "db" : "api";
          return { name, weight: 1 + random(slots[name]!) };
        }),
        status: "queued",
      }));
      const byId = new Map(runs.map((run) => [run.id, run]));
      let held: PoolClaim[] = [];
      let waiting: PoolClaim[] = [];
      let now = 1_000_000;
      const close = (run: ModelRun, status: ModelRun["status"]) => {
        run.status = status;
        held = held.filter((one) => !one.id.startsWith(`${run.id} `));
        waiting = waiting.filter((one) => !one.id.startsWith(`${run.id} `));
      };
      for (let turn = 0; runs.some((run) => run.status === "queued" || run.status === "running"); turn++) {
        expect(turn, "it comes to an end").toBeLessThan(3_000);
        now += random(120_000);
        const going = runs.filter((run) => run.status === "running");
        const decision = decideQueue({
          queued: runs.filter((run) => run.status === "queued"),
          going,
          active: going.length,
          maxConcurrentRuns: most,
          slotsOf,
          now,
          statusOf: (id) => byId.get(id)!.status,
        });
        for (const { id } of decision.skip) byId.get(id)!.status = "skipped";
        for (const id of decision.launch) {
          const run = byId.get(id)!;
          run.status = "running";
          run.steps.forEach((use, at) => {
            waiting.push({ id: `${id} ${at}`, who: id, use, priority: 0, since: now });
          });
        }
        const grants = decidePools({ held, waiting, slotsOf, now }).grant;
        held.push(...waiting.filter((one) => grants.includes(one.id)));
        waiting = waiting.filter((one) => !grants.includes(one.id));
        const running = runs.filter((run) => run.status === "running");
        expect(running.length).toBeLessThanOrEqual(most);
        const used = (name: string) => held.filter((one) => one.use.name === name).reduce((sum, one) => sum + one.use.weight, 0);
        for (const name of ["db", "api"]) expect(used(name)).toBeLessThanOrEqual(slots[name]!);
        const whole = running.flatMap((run) => run.pools).reduce((sum, use) => sum + use.weight, 0);
        expect(whole).toBeLessThanOrEqual(slots.whole!);
        // While anything is open something goes on or can go on: nothing waits for itself.
        if (running.length === 0 && runs.some((run) => run.status === "queued")) expect(decision.skip.length).toBeGreaterThan(0);
        if (running.length > 0 && waiting.length > 0) expect(held.length).toBeGreaterThan(0);
        // Some steps end, some runs crash or are cancelled, and runs without open steps end.
        if (held.length > 0) held.splice(random(held.length), 1);
        for (const run of running) {
          const open = [...held, ...waiting].some((one) => one.id.startsWith(`${run.id} `));
          if (random(40) === 0) close(run, random(2) === 0 ? "failed" : "cancelled");
          else if (!open) close(run, "succeeded");
        }
      }
      expect(held).toEqual([]);
      expect(waiting).toEqual([]);
    },
  );
});
