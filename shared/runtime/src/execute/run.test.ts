import { describe, expect, test } from "vitest";
import { z } from "zod";
import { runAssets, settle, skippingClock } from "../../test/build.ts";
import { asset, multiAsset } from "../asset.ts";
import { assetCheck } from "../check.ts";
import type { Clock } from "../clock.ts";
import { UserError } from "../errors.ts";
import { assembleLocation } from "../load/assemble.ts";
import { defineLocation } from "../location.ts";
import { env, resource, valueResource } from "../resource.ts";
import { executeRun } from "./run.ts";

const plain = (key: string, deps: string[] = []) => asset({ key, deps, materialize: () => {} });
const failing = (key: string, ...[error, more = {}]: [error?: unknown, more?: object]) =>
  asset({
    key,
    ...more,
    materialize: () => {
      throw error;
    },
  });

describe("steps of a run", () => {
  test("run beside each other as their dependencies allow, up to the limit", async () => {
    let running = 0;
    let most = 0;
    const order: string[] = [];
    const slow = (key: string, deps: string[] = []) =>
      asset({
        key,
        deps,
        async materialize() {
          most = Math.max(most, ++running);
          await settle();
          running--;
          order.push(key);
        },
      });
    const assets = [slow("a"), slow("b"), slow("c"), slow("d", ["a", "b"]), slow("e", ["d"])];
    expect((await runAssets({ assets })).outcome).toBe("succeeded");
    expect(most).toBe(3);
    expect(order.indexOf("d")).toBeGreaterThan(Math.max(order.indexOf("a"), order.indexOf("b")));
    expect(order.at(-1)).toBe("e");
    most = 0;
    await runAssets({ assets, maxConcurrentSteps: 2 });
    expect(most).toBe(2);
  });
  test("what needs a failed step is skipped and says why; independent branches go on", async () => {
    const { outcome, of, materialized } = await runAssets({
      assets: [failing("a", new Error("boom")), plain("b", ["a"]), plain("c", ["b"]), plain("x"), plain("y", ["x"])],
    });
    expect(outcome).toBe("failed");
    expect(materialized).toEqual(["x", "y"]);
    expect(of("step_skipped").map((event) => [event.asset, event.message])).toEqual([
      ["b", 'step "a" did not succeed'],
      ["c", 'step "b" did not succeed'],
    ]);
    expect(of("run_failed")[0]!.message).toBe('step "a" failed');
  });
  test("the events of a run come in their order", async () => {
    const { events } = await runAssets({
      assets: [asset({ key: "a", materialize: ({ log }) => log.info("hello", { rows: 1 }) })],
    });
    expect(events.map((event) => event.type)).toEqual([
      "run_started",
      "step_started",
      "log",
      "materialization",
      "step_succeeded",
      "run_succeeded",
    ]);
    expect(events[2]).toMatchObject({ step: "a", level: "info", message: "hello", stream: "logger", fields: { rows: 1 } });
  });
  test("a step sees what the run's own steps made", async () => {
    const seen: unknown[] = [];
    await runAssets({
      clock: skippingClock(86_400_000),
      assets: [
        asset({ key: "a", materialize: () => ({ metadata: { rows: 7 } }) }),
        asset({
          key: "b",
          deps: ["a"],
          materialize: ({ upstream, run, location, attempt }) => void seen.push(upstream, run.id, location.name, attempt),
        }),
      ],
    });
    expect(seen).toEqual([
      [{ key: "a", runId: "run", timestamp: "1970-01-02T00:00:00.000Z", metadata: { rows: 7 } }],
      "run",
      "team",
      1,
    ]);
  });
  test("an asset that reports unchanged keeps its materialization, and upstream stays what it was", async () => {
    const seen: unknown[] = [];
    const { outcome, of } = await runAssets({
      assets: [
        asset({ key: "a", materialize: () => ({ unchanged: true }) }),
        asset({ key: "b", deps: ["a"], materialize: ({ upstream }) => void seen.push(upstream[0]!.timestamp) }),
      ],
    });
    expect(outcome).toBe("succeeded");
    expect(of("unchanged").map((event) => event.asset)).toEqual(["a"]);
    expect(seen).toEqual([undefined]);
  });
  test("a step that is gone from the code fails the run by name", async () => {
    const location = assembleLocation(defineLocation({ name: "team", assets: [] }));
    const events: unknown[] = [];
    const outcome = await executeRun({
      plan: { location: "team", assets: ["a"], needs: [], steps: [{ key: "a", name: "a", assets: ["a"], needs: [] }] },
      input: { runId: "r", requestId: "q", tags: {}, config: {}, partition: null, upstream: {} },
      location,
      environment: { env: {}, location: { name: "team", projectRoot: "/", workspaceRoot: "/", stateDir: "/" } },
      emit: (event) => void events.push(event),
      clock: skippingClock(),
      signal: new AbortController().signal,
    });
    expect(outcome).toBe("failed");
    expect(events.at(-1)).toMatchObject({ type: "run_failed", message: 'location team has no step "a" any more' });
  });
});

describe("failures", () => {
  test.each([
    [
      "an error keeps its stack and its cause",
      new Error("boom", { cause: new Error("socket") }),
      { message: "boom", user: false, stack: expect.stringContaining("caused by Error: socket") },
    ],
    [
      "a user error needs no stack",
      new UserError("bad", { where: "x:1", hint: "mend" }),
      { message: "bad", where: "x:1", hint: "mend", user: true },
    ],
    ["a thrown string", "boom", { message: "boom", user: false }],
    ["nothing at all", undefined, { message: "undefined", user: false }],
    ["null", null, { message: "null", user: false }],
  ])("%s", async (_, thrown, error) => {
    const { outcome, of } = await runAssets({ assets: [failing("a", thrown, { retry: { max: 1 } })] });
    expect(outcome).toBe("failed");
    expect(of("step_failed")).toEqual([expect.objectContaining({ asset: "a", attempt: 2, error })]);
  });
  test("metadata that is no metadata fails the step by name", async () => {
    const { of } = await runAssets({ assets: [asset({ key: "a", materialize: () => ({ metadata: { rows: [1] as never } }) })] });
    expect(of("step_failed")[0]!.error!.message).toContain('metadata "rows"');
  });
  test("a log line that cannot be kept fails nothing", async () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const { outcome, of } = await runAssets({
      assets: [
        asset({
          key: "a",
          materialize({ log }) {
            log.info("x", circle);
            log.warn("y", { rows: 5n });
          },
        }),
      ],
    });
    expect(outcome).toBe("succeeded");
    expect(of("log").map((event) => event.fields)).toEqual([{ not_kept: expect.stringContaining("circular") }, { rows: 5 }]);
  });
});

describe("retries", () => {
  const flaky = (times: number, retry: object) => {
    let tries = 0;
    return asset({
      key: "a",
      retry: retry as never,
      materialize() {
        if (++tries <= times) throw new Error(`try ${tries}`);
      },
    });
  };
  test.each([
    ["constant", [1_000, 1_000, 1_000]],
    ["linear", [1_000, 2_000, 3_000]],
    ["exponential", [1_000, 2_000, 4_000]],
  ] as const)("%s backoff waits as it says, then succeeds", async (backoff, slept) => {
    const clock = skippingClock();
    const { outcome, of } = await runAssets({ assets: [flaky(3, { max: 3, delay: "1s", backoff })], clock });
    expect(outcome).toBe("succeeded");
    expect(clock.slept).toEqual(slept);
    expect(of("step_started").map((event) => event.attempt)).toEqual([1, 2, 3, 4]);
    expect(of("step_retry").map((event) => event.error!.message)).toEqual(["try 1", "try 2", "try 3"]);
    expect(of("step_succeeded")[0]!.attempt).toBe(4);
  });
  test("jitter stays within its share", async () => {
    const clock = skippingClock();
    await runAssets({ assets: [flaky(20, { max: 20, delay: "1s", jitter: 0.5 })], clock });
    for (const ms of clock.slept) expect(ms).toSatisfy((value: number) => value >= 500 && value <= 1_500);
  });
  test("after the last try the step has failed once", async () => {
    const { of } = await runAssets({ assets: [flaky(9, { max: 2 })] });
    expect(of("step_failed").map((event) => [event.attempt, event.error!.message])).toEqual([[3, "try 3"]]);
  });
  test("a final user error is not tried again", async () => {
    const { of } = await runAssets({ assets: [failing("a", new UserError("no", { final: true }), { retry: { max: 5 } })] });
    expect(of("step_failed")[0]!.attempt).toBe(1);
    expect(of("step_retry")).toEqual([]);
  });
});

describe("cancelling", () => {
  test("a step that listens ends, what comes after is skipped, and the run is cancelled", async () => {
    const abort = new AbortController();
    const { outcome, of } = await runAssets({
      signal: abort.signal,
      assets: [
        asset({
          key: "a",
          materialize: ({ signal }) =>
            new Promise((_, reject) => {
              signal.addEventListener("abort", () => reject(signal.reason));
              abort.abort();
            }),
        }),
        plain("b", ["a"]),
      ],
    });
    expect(outcome).toBe("cancelled");
    expect(of("step_failed")[0]!.error!.message).toBe("cancelled");
    expect(of("step_failed")[0]!.fields).toEqual({ cancelled: true });
    expect(of("step_skipped")[0]!.message).toBe("the run was cancelled");
    expect(of("run_cancelled")).toHaveLength(1);
  });
  test("it ends the wait for the next try", async () => {
    const abort = new AbortController();
    const clock: Clock = {
      now: () => 0,
      sleep: (_, signal) => new Promise((resolve) => signal!.addEventListener("abort", () => resolve())),
    };
    const { outcome, of } = await runAssets({
      signal: abort.signal,
      clock,
      assets: [failing("a", new Error("x"), { retry: { max: 3, delay: "1h" } })],
      onEvent: (event) => {
        if (event.type === "step_retry") setImmediate(() => abort.abort());
      },
    });
    expect(outcome).toBe("cancelled");
    expect(of("step_failed")[0]!.error!.message).toBe("cancelled while waiting for its next try");
  });
  test("a step that ends with its work done has succeeded, though the run is cancelled by then", async () => {
    const abort = new AbortController();
    const { outcome, of } = await runAssets({
      signal: abort.signal,
      assets: [asset({ key: "a", materialize: () => abort.abort() }), plain("b", ["a"])],
    });
    expect(outcome).toBe("cancelled");
    expect(of("materialization")).toHaveLength(1);
    expect(of("step_succeeded").map((event) => event.asset)).toEqual(["a"]);
    expect(of("step_failed")).toEqual([]);
    expect(of("step_skipped")[0]!.fields).toEqual({ cancelled: true });
    expect(of("run_cancelled")).toHaveLength(1);
  });
  test("the only step that ends with its work done after the cancel leaves the run cancelled", async () => {
    const abort = new AbortController();
    const { outcome, of } = await runAssets({
      signal: abort.signal,
      assets: [asset({ key: "a", materialize: () => abort.abort() })],
    });
    expect([outcome, of("step_succeeded").length, of("step_failed").length]).toEqual(["cancelled", 1, 0]);
  });
  test("a run whose steps had all ended by then has succeeded", async () => {
    const abort = new AbortController();
    const { outcome } = await runAssets({
      signal: abort.signal,
      assets: [plain("a")],
      onEvent: (event) => {
        if (event.type === "step_succeeded") abort.abort();
      },
    });
    expect(outcome).toBe("succeeded");
  });
});

describe("checks", () => {
  const chain = (blocking: boolean, severity: "WARN" | "ERROR", passed = false) => ({
    assets: [plain("a"), plain("b", ["a"])],
    checks: [assetCheck({ asset: "a", name: "rows", blocking, run: () => ({ passed, severity, metadata: { rows: 0 } }) })],
  });
  test.each([
    [true, "ERROR", "failed", ["a"]],
    [true, "WARN", "succeeded", ["a", "b"]],
    [false, "ERROR", "succeeded", ["a", "b"]],
    [false, "WARN", "succeeded", ["a", "b"]],
  ] as const)("failed, blocking %s, severity %s: the run %s", async (blocking, severity, outcome, made) => {
    const run = await runAssets(chain(blocking, severity));
    expect(run.outcome).toBe(outcome);
    expect(run.materialized).toEqual(made);
    expect(run.of("check_result")[0]).toMatchObject({ asset: "a", check: { name: "rows", passed: false, severity, blocking } });
  });
  test("a passed blocking check lets everything through", async () => {
    expect((await runAssets(chain(true, "ERROR", true))).outcome).toBe("succeeded");
  });
  test("a failed blocking check is no reason to try again", async () => {
    let made = 0;
    const { of } = await runAssets({
      assets: [asset({ key: "a", retry: { max: 3 }, materialize: () => void made++ })],
      checks: [assetCheck({ asset: "a", name: "rows", blocking: true, run: () => ({ passed: false }) })],
    });
    expect(made).toBe(1);
    expect(of("step_failed")[0]!.error!.message).toBe("blocking check failed: a:rows");
  });
  test("a check with code sees the asset's new materialization and its resources", async () => {
    const seen: unknown[] = [];
    await runAssets({
      assets: [asset({ key: "a", materialize: () => ({ metadata: { rows: 7 } }) })],
      checks: [
        assetCheck({
          asset: "a",
          name: "rows",
          resources: { limit: valueResource(5) },
          run: ({ upstream, resources }) => {
            seen.push(upstream[0]!.metadata, resources.limit);
            return { passed: true };
          },
        }),
      ],
    });
    expect(seen).toEqual([{ rows: 7 }, 5]);
  });
  test("a check that throws fails its step by the error", async () => {
    const { of, outcome } = await runAssets({
      assets: [plain("a")],
      checks: [
        assetCheck({
          asset: "a",
          name: "rows",
          run: () => {
            throw new Error("no table");
          },
        }),
      ],
    });
    expect(outcome).toBe("failed");
    expect(of("step_failed")[0]!.error!.message).toBe("no table");
  });
  test("a check that the step itself reports blocks as its declaration says", async () => {
    const make = (blocking: boolean) =>
      runAssets({
        assets: [
          multiAsset({
            name: "m",
            assets: [{ key: "a", checks: [{ name: "rows", blocking }] }],
            materialize({ materialized, checked }) {
              materialized("a");
              checked({ asset: "a", name: "rows", passed: false });
            },
          }),
          plain("b", ["a"]),
        ],
      });
    expect((await make(true)).outcome).toBe("failed");
    expect((await make(false)).materialized).toEqual(["a", "b"]);
  });
});

describe("multi-assets", () => {
  const pair = (materialize: Parameters<typeof multiAsset>[0]["materialize"]) =>
    multiAsset({ name: "m", assets: [{ key: "x" }, { key: "y", deps: ["x"] }], materialize });
  test("the selected keys are the step's", async () => {
    const seen: unknown[] = [];
    const { materialized } = await runAssets({
      select: ["x"],
      assets: [
        pair(({ selected, materialized }) => {
          seen.push(...selected);
          for (const key of selected) materialized(key);
        }),
      ],
    });
    expect([seen, materialized]).toEqual([["x"], ["x"]]);
  });
  test("a selected key that is not reported fails by name, those that were reported are made", async () => {
    const { of } = await runAssets({ assets: [pair(({ materialized }) => materialized("x"))] });
    expect(of("step_failed").map((event) => [event.asset, event.error!.message])).toEqual([
      ["y", 'step "m" ended without reporting y'],
    ]);
  });
  test("a key that was not selected may not be reported", async () => {
    const { of } = await runAssets({ select: ["x"], assets: [pair(({ materialized }) => materialized("y"))] });
    expect(of("step_failed")[0]!.error!.message).toBe('step "m" reported "y", which was not selected');
  });
  test("upstreamOf() is what one of its keys depends on", async () => {
    const seen: unknown[] = [];
    await runAssets({
      assets: [
        pair(({ materialized, upstreamOf }) => {
          materialized("x", { metadata: { rows: 1 } });
          seen.push(
            upstreamOf("y").map((one) => one.metadata),
            upstreamOf("x"),
          );
          materialized("y");
        }),
      ],
    });
    expect(seen).toEqual([[{ rows: 1 }], []]);
  });
});

describe("resources", () => {
  const traced = (trace: string[], name: string, more: { fails?: number; config?: Record<string, unknown> } = {}) => {
    let fails = more.fails ?? 0;
    return resource({
      schema: z.record(z.string(), z.unknown()),
      config: (more.config ?? {}) as never,
      setup() {
        if (fails-- > 0) throw new Error(`${name} is not there`);
        trace.push(`+${name}`);
        return name;
      },
      teardown: () => void trace.push(`-${name}`),
    });
  };
  test("are set up once per run on first use and torn down in reverse", async () => {
    const trace: string[] = [];
    const [one, two] = [traced(trace, "one"), traced(trace, "two")];
    const use = (key: string, deps: string[], resources: object) =>
      asset({ key, deps, resources: resources as never, materialize: () => void trace.push(key) });
    await runAssets({ assets: [use("a", [], { one }), use("b", ["a"], { one, two }), use("c", ["b"], { two })] });
    expect(trace).toEqual(["+one", "a", "+two", "b", "c", "-two", "-one"]);
  });
  test("a set-up that fails is tried again with the step", async () => {
    const trace: string[] = [];
    const { outcome, of } = await runAssets({
      assets: [
        asset({ key: "a", retry: { max: 1 }, resources: { db: traced(trace, "db", { fails: 1 }) }, materialize: () => {} }),
      ],
    });
    expect(outcome).toBe("succeeded");
    expect(of("step_retry")[0]!.error!.message).toBe("db is not there");
    expect(trace).toEqual(["+db", "-db"]);
  });
  test("one whose set-up ends after its step has failed is torn down all the same", async () => {
    const trace: string[] = [];
    const late = resource({
      schema: z.object({}),
      config: {},
      async setup() {
        await settle();
        await settle();
        trace.push("+late");
      },
      teardown: () => void trace.push("-late"),
    });
    await runAssets({
      assets: [asset({ key: "a", resources: { bad: traced([], "bad", { fails: 9 }), late }, materialize: () => {} })],
    });
    await settle();
    await settle();
    await settle();
    expect(trace).toEqual(["+late", "-late"]);
  });
  test("a tear-down that throws is a warning and keeps no other from it", async () => {
    const trace: string[] = [];
    const bad = resource({
      schema: z.object({}),
      config: {},
      setup: () => "bad",
      teardown: () => {
        throw new Error("stuck");
      },
    });
    const { outcome, of } = await runAssets({
      assets: [asset({ key: "a", resources: { one: traced(trace, "one"), bad }, materialize: () => {} })],
    });
    expect(outcome).toBe("succeeded");
    expect(trace).toEqual(["+one", "-one"]);
    expect(of("log")[0]).toMatchObject({ level: "warn", message: 'tear-down of resource "bad" failed: stuck' });
  });
  test("all unset variables of all steps and checks are one error before the first step", async () => {
    const needs = (...names: string[]) =>
      resource({
        schema: z.record(z.string(), z.string()),
        config: Object.fromEntries(names.map((name) => [name.toLowerCase(), env(name)])) as never,
        setup: () => 1,
      });
    const { outcome, of } = await runAssets({
      env: { SET: "1", EMPTY: "" },
      assets: [
        asset({ key: "a", resources: { first: needs("SET", "HOST", "EMPTY") }, materialize: () => {} }),
        asset({ key: "b", resources: { second: needs("HOST") }, materialize: () => {} }),
      ],
      checks: [assetCheck({ asset: "a", name: "c", resources: { third: needs("TOKEN") }, run: () => ({ passed: true }) })],
    });
    expect(outcome).toBe("failed");
    expect(of("step_started")).toEqual([]);
    expect(of("run_failed")[0]!.error).toMatchObject({
      message: "unset environment variables: HOST (resource first, second), EMPTY (resource first), TOKEN (resource third)",
      hint: expect.stringContaining(".env"),
      user: true,
    });
  });
  test("a value that does not fit is told by its variable, never by itself", async () => {
    const port = resource({
      schema: z.object({ port: z.coerce.number(), user: z.string() }),
      config: { port: env("PORT"), user: env("USER_NAME", "kc") },
      setup: (config) => config,
    });
    const bad = await runAssets({
      env: { PORT: "s3cret" },
      assets: [asset({ key: "a", resources: { port }, materialize: () => {} })],
    });
    expect(bad.of("step_failed")[0]!.error!.message).toMatch(/^resource "port": PORT \(port\): /);
    expect(JSON.stringify(bad.events)).not.toContain("s3cret");
    const seen: unknown[] = [];
    await runAssets({
      env: { PORT: "5432" },
      assets: [asset({ key: "a", resources: { port }, materialize: ({ resources }) => void seen.push(resources.port) })],
    });
    expect(seen).toEqual([{ port: 5432, user: "kc" }]);
  });
});

describe("run config", () => {
  const configured = asset({
    key: "a",
    config: z.strictObject({ day: z.string(), limit: z.number().default(10) }),
    materialize: () => {},
  });
  test.each([
    ["a missing value", {}, 'config of step "a": day: '],
    ["a wrong type", { a: { day: 1 } }, 'config of step "a": day: '],
    ["an unknown key", { a: { day: "x", other: 1 } }, "other"],
    ["config for a step that takes none", { a: { day: "x" }, b: { x: 1 } }, 'step "b" takes no config'],
    ["config that is no object", { a: { day: "x" }, b: null }, 'step "b" takes no config'],
  ])("%s is told before the first step", async (_, config, message) => {
    const { of } = await runAssets({ assets: [plain("b"), configured], config });
    expect(of("step_started")).toEqual([]);
    expect(of("run_failed")[0]!.message).toContain(message);
  });
  test("defaults are filled in", async () => {
    const seen: unknown[] = [];
    await runAssets({
      config: { a: { day: "monday" } },
      assets: [
        asset({
          key: "a",
          config: z.object({ day: z.string(), limit: z.number().default(10) }),
          materialize: ({ config }) => void seen.push(config),
        }),
      ],
    });
    expect(seen).toEqual([{ day: "monday", limit: 10 }]);
  });
});
