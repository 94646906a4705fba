import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLoop } from "../src/daemon/loop.ts";
import { loopProblem } from "../src/daemon/loop-health.ts";
import { virtualClock } from "../src/simulate/virtual-clock.ts";
import { counter, histogram } from "../src/telemetry/exposition.ts";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { parseExposition } from "./prometheus-text.ts";
import { definitions, makeWorkspace, until } from "./workspace.ts";

describe("the exposition", () => {
  test("labels are escaped, buckets are cumulative, series are bounded", () => {
    const counted = counter("c_total", "With a \\ and\na line.");
    counted.add({ name: 'a "quoted"\n\\ name' }, 2);
    counted.add({ name: 'a "quoted"\n\\ name' });
    const { samples } = parseExposition(`${counted.text()}\n`);
    expect(samples).toEqual([{ name: "c_total", labels: { name: 'a "quoted"\n\\ name' }, value: 3 }]);
    const times = histogram("h_seconds", "Times.", [1, 5]);
    for (const value of [0.5, 1, 3, 100]) times.observe({}, value);
    expect(parseExposition(`${times.text()}\n`).samples.map(({ labels, value }) => [labels.le, value])).toEqual([
      ["1", 2],
      ["5", 3],
      ["+Inf", 4],
      [undefined, 104.5],
      [undefined, 4],
    ]);
    for (let index = 0; index < 5_000; index++) counted.add({ name: String(index) });
    expect(parseExposition(`${counted.text()}\n`).samples.length).toBe(2_000);
  });
});

describe("the health of a daemon loop", () => {
  const beat = { at: 0, error: undefined, failingSince: undefined, tickingSince: undefined, dueAt: undefined };
  const problem = (more: object, now: number) => loopProblem({ heartbeat: () => ({ ...beat, ...more }) }, now);
  test("one that sleeps, or looks for some minutes, is well; a single failure is tried again", () => {
    expect(problem({}, 1e12)).toBeUndefined();
    expect(problem({ tickingSince: 0 }, 5 * 60_000)).toBeUndefined();
    expect(problem({ error: "no", failingSince: 0, dueAt: 1_000 }, 1_000)).toBeUndefined();
  });
  test("one that fails on, hangs, or is late is not", () => {
    expect(problem({ error: "no", failingSince: 0 }, 30_000)).toBe("it has failed for 30s: no");
    expect(problem({ tickingSince: 0 }, 10 * 60_000)).toBe("one look has gone on for 10m");
    expect(problem({ dueAt: 0 }, 60_000)).toContain("1m late");
  });
  test("the first failure of a row is remembered until a look succeeds", async () => {
    const clock = { ...virtualClock(0), sleep: () => new Promise<void>(() => {}) };
    let fails = true;
    const loop = startLoop(
      "x",
      clock,
      async () => {
        if (fails) throw new Error("no");
        return undefined;
      },
      () => {},
    );
    await loop.tick();
    clock.turn(31_000);
    await loop.tick();
    expect(loopProblem(loop, clock.now())).toBe("it has failed for 31s: no");
    fails = false;
    await loop.tick();
    expect(loopProblem(loop, clock.now())).toBeUndefined();
  });
});

describe("a running platform", () => {
  const workspace = makeWorkspace({
    team: definitions(
      "team",
      `asset({ key: "a", materialize: () => {} }), asset({ key: "fails", materialize: () => { throw new Error("no"); } })`,
      "",
      `schedules: [schedule({ name: "often", cron: "* * * * * *", target: "a", defaultStatus: "running" })]`,
    ),
    broken: { "src/definitions.ts": "throw new Error('broken on purpose');" },
  });
  let instance: TestInstance;
  beforeAll(async () => {
    instance = await testInstance({ root: workspace.root, daemon: true });
  });
  afterAll(async () => {
    await instance.stop();
    workspace.remove();
  });
  const get = async (path: string) => {
    const response = await fetch(`${instance.url}${path}`);
    return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
  };

  test("tells Prometheus of runs, queue, steps, ticks, daemons, workers, locations and itself", async () => {
    await instance.materialize("a");
    await instance.materialize("fails");
    const { samples, types } = await until(async () => {
      const answer = await get("/metrics");
      expect(answer).toMatchObject({ status: 200, type: "text/plain; version=0.0.4; charset=utf-8" });
      const parsed = parseExposition(answer.text);
      return parsed.samples.some(({ name }) => name === "kc_ticks_total") && parsed;
    });
    const value = (name: string, labels: Record<string, string> = {}) =>
      samples.find((one) => one.name === name && Object.entries(labels).every(([key, text]) => one.labels[key] === text))?.value;
    expect(value("kc_runs_ended_total", { status: "failed", location: "team" })).toBe(1);
    expect(value("kc_runs_ended_total", { status: "succeeded", location: "team" })).toBeGreaterThan(0);
    expect(value("kc_step_duration_seconds_count", { status: "failed" })).toBe(1);
    expect(value("kc_run_queue_wait_seconds_count", { location: "team" })).toBeGreaterThan(1);
    expect(value("kc_ticks_total", { type: "schedule", name: "often", result: "success" })).toBeGreaterThan(0);
    expect(value("kc_schedule_tick_lateness_seconds_count", { location: "team" })).toBeGreaterThan(0);
    expect(value("kc_daemon_healthy", { loop: "schedules" })).toBe(1);
    expect(value("kc_daemon_heartbeat_age_seconds", { loop: "queue" })).toBeLessThan(60);
    expect(value("kc_location_loaded", { location: "team" })).toBe(1);
    expect(value("kc_location_loaded", { location: "broken" })).toBe(0);
    expect(value("kc_workers", { state: "idle" })).toBeGreaterThanOrEqual(0);
    expect(value("kc_events_appended_total", { type: "materialization" })).toBeGreaterThan(0);
    expect(value("kc_event_log_last_id")).toBeGreaterThan(5);
    expect(value("kc_storage_bytes")).toBeGreaterThan(1_000);
    expect(value("process_resident_memory_bytes")).toBeGreaterThan(1e6);
    expect(types.get("kc_step_duration_seconds")).toBe("histogram");
  });

  test("says part by part whether it is well; a location that does not load degrades it only", async () => {
    const { status, text } = await get("/health");
    expect(status).toBe(200);
    const health = JSON.parse(text);
    expect(health).toMatchObject({ status: "degraded", storage: { ok: true } });
    expect(health.daemons.map((one: { name: string }) => one.name)).toContain("schedules");
    expect(health.locations).toContainEqual({
      name: "broken",
      ok: false,
      status: "error",
      problem: expect.stringContaining("broken on purpose"),
    });
    expect(JSON.parse((await get("/health/live")).text)).toEqual({ status: "ok" });
    const { daemons } = await instance.api.workspace();
    expect(daemons.find((one) => one.name === "alerts")).toMatchObject({ error: null });
  });
});

test("a daemon that is unhealthy makes /health a 503 that names the loop", async () => {
  const { OpenAPIHono } = await import("@hono/zod-openapi");
  const { healthRoutes } = await import("../src/web/health-routes.ts");
  const app = new OpenAPIHono();
  const context = {
    storage: { lastEventId: async () => 1 },
    workspace: { locations: () => [] },
    leadership: { leader: () => undefined },
    daemon: { loops: [{ name: "queue" }], pulse: { of: () => ({ heartbeatAt: 0, problem: "one look has gone on for 10m" }) } },
  };
  healthRoutes(app, context as never);
  const answer = await app.request("/health");
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({
    status: "unhealthy",
    daemons: [{ name: "queue", ok: false, problem: "one look has gone on for 10m" }],
  });
  const away = {
    ...context,
    daemon: { loops: [] },
    storage: { lastEventId: () => Promise.reject(new Error("the database is away")) },
  };
  const other = new OpenAPIHono();
  healthRoutes(other, away as never);
  const said = await other.request("/health");
  expect(said.status).toBe(503);
  expect(await said.json()).toMatchObject({ storage: { ok: false, problem: "the database is away" } });
});
