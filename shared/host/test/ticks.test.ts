import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { definitions, makeWorkspace, runtimePackage, until } from "./workspace.ts";

// Ticks of a running platform: the code server is a process, and one sensor of it may hang or block it.

describe("schedules and sensors of a running platform", () => {
  let instance: TestInstance;
  const workspace = makeWorkspace(
    {
      team: definitions(
        "team",
        `asset({ key: "a", materialize: () => {} }), asset({ key: "file", partitions: dynamicPartitions("files"), materialize: () => {} })`,
        `import { dynamicPartitions } from "${runtimePackage}";`,
        `schedules: [schedule({ name: "s", cron: "0 0 1 1 *", target: "a", run: ({ dryRun, log }) => { log.info("dry: " + dryRun); return { runs: [{ runKey: "once" }] }; } })],
         sensors: [
           sensor({ name: "hangs", interval: "1h", timeout: "300ms", run: () => new Promise(() => {}) }),
           sensor({ name: "blocks", interval: "1h", timeout: "500ms", run: () => { for (;;); } }),
           sensor({ name: "exits", interval: "1h", run: () => { console.error("goodbye"); process.exit(3); } }),
           sensor({ name: "exits_now_and_then", interval: "1h", run: ({ cursor }) => {
             if (Number(cursor) % 2 === 1) process.exit(5);
             return { cursor: String(Number(cursor ?? 0) + 1) };
           } }),
           sensor({ name: "exits_at_first", interval: "1h", target: "a", run: async ({ env }) => {
             const { existsSync, mkdirSync, writeFileSync } = await import("node:fs");
             mkdirSync(env.OUTPUT_DIR!, { recursive: true });
             const mark = env.OUTPUT_DIR + "/exited";
             if (existsSync(mark)) return { runs: [{}] };
             writeFileSync(mark, "");
             process.exit(4);
           } }),
           sensor({ name: "half", interval: "1h", run: () => ({ runs: [{ selection: "a" }, { selection: "nobody" }], events: [{ type: "observation", asset: "a" }] }) }),
           sensor({ name: "reports", interval: "1h", run: ({ cursor }) => ({ events: [{ type: "materialization", asset: "a" }, { type: "observation", asset: cursor ?? "b" }] }) }),
           sensor({ name: "adds", interval: "1h", run: ({ cursor }) => ({ partitions: [{ definition: "files", add: [cursor ?? "f1"] }] }) }),
           sensor({ name: "throws", interval: "1h", run: ({ log }) => { log.warn("before"); throw new Error("no vendor"); } }),
           sensor({ name: "counts", interval: "1h", target: "a", run: ({ cursor }) => ({ cursor: String(Number(cursor ?? 0) + 1), runs: [{ runKey: "k" }] }) }),
         ]`,
      ),
    },
    "",
  );
  beforeAll(async () => {
    instance = await testInstance({ root: workspace.root });
  });
  afterAll(async () => {
    await instance.stop();
    workspace.remove();
  });

  test("a preview shows what a tick would do and does nothing of it", async () => {
    const preview = await instance.api.previewTick("schedules", "team", "s", { at: "2030-01-01T00:00:00Z" });
    expect(preview).toMatchObject({
      at: "2030-01-01T00:00:00.000Z",
      runs: [{ assets: ["a"], runKey: "once", tags: { "kc/schedule": "s", "kc/scheduled_at": "2030-01-01T00:00:00.000Z" } }],
      logs: [{ level: "info", message: "dry: true" }],
    });
    for (const cursor of [undefined, "41"]) {
      const counted = await instance.api.previewTick("sensors", "team", "counts", cursor ? { cursor } : {});
      expect(counted.cursor).toEqual(cursor ? { before: "41", after: "42" } : { before: null, after: "1" });
    }
    expect([await instance.api.runs(), await instance.api.ticks()]).toEqual([[], []]);
    expect((await instance.api.upcomingTicks("team", "s", { count: 2, after: "2026-06-01T00:00:00Z" })).ticks).toEqual([
      "2027-01-01T00:00:00.000Z",
      "2028-01-01T00:00:00.000Z",
    ]);
    await expect(instance.api.previewTick("schedules", "team", "s", { at: "tomorrow" })).rejects.toThrow("no instant");
    const long = await instance.api.previewTick("sensors", "team", "counts", { cursor: "1".repeat(20_000) });
    expect(long.cursor.before).toMatch(/^1{10000}… \(20000 characters\)$/);
    await expect(instance.api.previewTick("schedules", "team", "nobody")).rejects.toThrow('no schedule "nobody"');
  });

  test("a tick by hand is made for real; a run key counts though the cursor is reset", async () => {
    expect(await instance.api.tickNow("schedules", "team", "s")).toMatchObject({ status: "success", manual: true });
    const first = await instance.api.tickNow("sensors", "team", "counts");
    await instance.api.resetCursor("team", "counts");
    const second = await instance.api.tickNow("sensors", "team", "counts");
    expect(second.requestIds).toEqual(first.requestIds);
    expect((await instance.api.runs()).map((run) => run.assets)).toEqual([["a"], ["a"]]);
    expect((await instance.api.previewTick("sensors", "team", "counts")).cursor.before).toBe("1");
  });

  test("turning on is no tick, and is told in the log", async () => {
    const [before] = await instance.api.schedules();
    const after = await instance.api.turn("schedules", "team", "s", true);
    expect([after.running, after.lastTickAt]).toEqual([true, before!.lastTickAt]);
    expect(after.nextTickAt).toMatch(/-01-01T00:00:00.000Z$/);
  });

  test("one that throws fails with its place and the lines it had logged", async () => {
    const tick = await instance.api.tickNow("sensors", "team", "throws");
    expect(tick).toMatchObject({
      status: "failed",
      error: expect.stringMatching(/^src\/definitions\.ts:\d+:\d+: no vendor$/),
      logs: [{ level: "warn", message: "before" }],
    });
  });

  test("one that hangs fails its own tick; the others of its location are asked meanwhile", async () => {
    const hangs = instance.api.tickNow("sensors", "team", "hangs");
    expect((await instance.api.tickNow("sensors", "team", "counts")).status).toBe("success");
    expect(await hangs).toMatchObject({ status: "failed", error: "it did not answer within 0.3 s" });
  });

  test("one that blocks its code server is killed with it; the location is there again", async () => {
    const pid = (await instance.api.workspace()).locations[0]!.pid;
    const tick = await instance.api.tickNow("sensors", "team", "blocks");
    expect(tick).toMatchObject({ status: "failed", error: expect.stringContaining("so it is started again") });
    await until(async () => {
      const [location] = (await instance.api.workspace()).locations;
      return location!.status === "loaded" && location!.pid !== pid;
    });
    await until(
      async () => (await instance.api.tickNow("sensors", "team", "counts").catch(() => undefined))?.status === "success",
    );
  });

  const serverPid = async () => (await instance.api.workspace()).locations[0]!.pid;

  test("one that ends its process fails its tick with its last words, and from then on takes nobody else down", async () => {
    const before = await serverPid();
    const failed = {
      status: "failed",
      error: "its function ended the process (exit code 3: goodbye)",
    };
    expect(await instance.api.tickNow("sensors", "team", "exits")).toMatchObject(failed);
    const after = await until(async () => {
      const [location] = (await instance.api.workspace()).locations;
      return location!.status === "loaded" && location!.pid !== before && location!.pid;
    });
    for (let time = 0; time < 3; time++) {
      expect(await instance.api.tickNow("sensors", "team", "exits")).toMatchObject(failed);
      expect((await instance.api.tickNow("sensors", "team", "counts")).status).toBe("success");
    }
    expect(await serverPid()).toBe(after);
  });

  test("one that ends its process now and then takes nobody down either, once it has done so", async () => {
    const tick = () => instance.api.tickNow("sensors", "team", "exits_now_and_then");
    const before = await serverPid();
    expect((await tick()).status).toBe("skipped");
    expect((await tick()).status).toBe("failed");
    const pid = await until(async () => {
      const [location] = (await instance.api.workspace()).locations;
      return location!.status === "loaded" && location!.pid !== before && location!.pid;
    });
    await instance.api.resetCursor("team", "exits_now_and_then");
    for (const status of ["skipped", "failed", "failed"]) expect((await tick()).status).toBe(status);
    expect(await serverPid()).toBe(pid);
  });

  test("one whose process ended for once is asked again at once, and its tick succeeds", async () => {
    const tick = await instance.api.tickNow("sensors", "team", "exits_at_first");
    expect(tick).toMatchObject({ status: "success", requestIds: [expect.any(String)] });
  });

  test("a sensor that asks for what cannot be carried out has asked for nothing, as its preview says", async () => {
    const ids = async () => (await instance.api.runs()).map((run) => run.id);
    const before = await ids();
    expect((await instance.api.previewTick("sensors", "team", "half")).error).toContain('there is no asset "nobody"');
    for (let time = 0; time < 2; time++)
      expect(await instance.api.tickNow("sensors", "team", "half")).toMatchObject({
        status: "failed",
        error: expect.stringContaining('there is no asset "nobody"'),
        requestIds: [],
      });
    expect(await ids()).toEqual(before);
  });

  test("a sensor that reports of an asset that is not there fails, and reports nothing", async () => {
    // Runs that other ticks asked for make the same asset.
    await until(async () => (await instance.api.runs()).every(({ endedAt }) => endedAt !== null));
    const last = (await instance.api.asset("a")).materialization;
    const error = 'there is no asset "b".';
    expect(await instance.api.tickNow("sensors", "team", "reports")).toMatchObject({ status: "failed", error });
    expect((await instance.api.asset("a")).materialization).toEqual(last);
    expect((await instance.api.previewTick("sensors", "team", "reports")).error).toBe(error);
    expect((await instance.api.previewTick("sensors", "team", "reports", { cursor: "a" })).events).toHaveLength(2);
  });

  test("a preview of partitions says what would be added, or why a tick could not", async () => {
    const preview = (cursor?: string) => instance.api.previewTick("sensors", "team", "adds", cursor ? { cursor } : {});
    expect(await preview()).toMatchObject({ partitions: [{ definition: "files", add: ["f1"] }], skip: null, error: null });
    expect((await preview("a|b")).error).toContain('partition key "a|b" is refused');
  });
});

test("a schedule ticks within the second that its cron names, only while somebody wants it to decide", async () => {
  const workspace = makeWorkspace({
    team: definitions(
      "team",
      `asset({ key: "a", materialize: () => {} })`,
      "",
      `schedules: [schedule({ name: "each_second", cron: "* * * * * *", target: "a", defaultStatus: "running" })]`,
    ),
  });
  try {
    const idle = await testInstance({ root: workspace.root });
    expect((await idle.api.health()).decides).toBe(false);
    await idle.materialize("a");
    expect(await idle.api.ticks()).toEqual([]);
    await idle.stop();
    const deciding = await testInstance({ root: workspace.root, daemon: true });
    try {
      expect((await deciding.api.health()).decides).toBe(true);
      const ticks = await until(async () => {
        const made = await deciding.api.ticks();
        return made.length >= 2 && made;
      });
      for (const { at } of ticks) expect(Date.parse(at) % 1_000).toBe(0);
    } finally {
      await deciding.stop();
    }
  } finally {
    workspace.remove();
  }
});
