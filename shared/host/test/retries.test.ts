import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { definitions, makeWorkspace, until } from "./workspace.ts";

const before = `
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { job, UserError } from "@kc/runtime";
/** How often the step's code has begun, over all runs. */
function count(key: string, env: Record<string, string | undefined>): number {
  const file = join(env.OUTPUT_DIR!, key + ".tries");
  appendFileSync(file, "x");
  return readFileSync(file, "utf8").length;
}
const upTo = (times: number, key: string, deps: string[] = [], retry?: { max: number }) =>
  asset({ key, deps, ...(retry ? { retry } : {}), materialize({ env }) { if (count(key, env) <= times) throw new Error("not yet"); } });`;
const assets = `
  asset({ key: "first", materialize({ env }) { count("first", env); } }),
  upTo(3, "flaky", ["first"], { max: 1 }),
  asset({ key: "last", deps: ["flaky"], materialize() {} }),
  asset({ key: "s1", materialize({ env }) { count("s1", env); return { metadata: { n: 41 } }; } }),
  asset({ key: "s2", deps: ["s1"], materialize({ env, upstream }) { count("s2", env); return { metadata: { n: Number(upstream[0]!.metadata.n) + 1 } }; } }),
  asset({ key: "s3", deps: ["s2"], materialize({ env, upstream }) { if (count("s3", env) === 1) throw new Error("not yet"); return { metadata: { n: Number(upstream[0]!.metadata.n) + 1 } }; } }),
  asset({ key: "s4", deps: ["s3"], materialize({ env }) { count("s4", env); } }),
  upTo(9, "hopeless"), upTo(1, "whole_b", ["whole_a"]),
  asset({ key: "whole_a", materialize({ env }) { count("whole_a", env); } }),
  asset({ key: "final", materialize({ env }) { count("final", env); throw new UserError("never", { final: true }); } }),
  asset({ key: "dies", materialize({ env }) { if (count("dies", env) === 1) process.kill(process.pid, "SIGKILL"); } }),
  asset({ key: "waits", async materialize({ signal }) { await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))); } }),
  asset({ key: "daily", config: z.strictObject({ day: z.string(), rows: z.number() }), materialize: ({ config }) => ({ metadata: { ...config } }) }),
  asset({ key: "plain", config: z.object({ rows: z.number().default(1) }), materialize() {} }),
  asset({ key: "by_hand", config: z.strictObject({ broken: z.boolean().default(false) }), materialize({ env }) { if (!existsSync(join(env.OUTPUT_DIR!, "mended"))) throw new Error("broken"); } }),
  asset({ key: "beside", materialize({ env }) { count("beside", env); } }),
`;
const jobs = `jobs: [
  job({ name: "load", selection: "daily", priority: 3, maxRuntime: "1h", maxConcurrent: 1, tags: { team: "x" },
    config: z.object({ day: z.iso.date(), size: z.object({ rows: z.number().int() }).default({ rows: 7 }) }),
    configure: ({ day, size }) => ({ daily: { day, rows: size.rows } }) }),
  job({ name: "wrong", selection: "daily", config: z.object({}), configure: () => ({ daly: {} }) }),
],`;
const workspace = makeWorkspace(
  {
    team: definitions("team", assets, before, jobs),
    other: definitions("other", 'asset({ key: "downstream", deps: ["flaky"], materialize() {} })'),
  },
  "runs: { retries: { max: 2 }, cancel_grace: 300ms }\nworkers: { max_idle: 1 }\n",
);
afterAll(() => workspace.remove());

describe.concurrent("runs that are run again", () => {
  let instance: TestInstance;
  let output: string;
  beforeAll(async () => {
    output = mkdtempSync(join(tmpdir(), "kc-out-"));
    instance = await testInstance({ root: workspace.root, env: { OUTPUT_DIR: output } });
  });
  afterAll(async () => {
    await instance.stop();
    rmSync(output, { recursive: true, force: true });
  });
  const tries = (key: string) => readFileSync(join(output, `${key}.tries`), "utf8").length;

  test("from failure within its request: tries are counted over step and run, and what needs the run goes on", async () => {
    const { runs } = await instance.materialize("first or flaky or last or downstream");
    const line = runs.filter((run) => run.location === "team").reverse();
    expect(line.map((run) => run.status)).toEqual(["failed", "succeeded"]);
    expect(runs.find((run) => run.location === "other")!.status).toBe("succeeded");
    // Two tries of the step in each of two runs; what had succeeded ran once.
    expect([tries("first"), tries("flaky")]).toEqual([1, 4]);
    const [one, two] = line;
    expect(two!.tags).toMatchObject({ "kc/retry_of_run": one!.id, "kc/root_run": one!.id, "kc/retry_number": "1" });
    expect(two!.assets).toEqual(["flaky", "last"]);
    const first = await instance.api.run(one!.id);
    const second = await instance.api.run(two!.id);
    expect(first.retry).toMatchObject({ number: 0, of: 2, next: two!.id, retryOf: null });
    expect(second.retry).toMatchObject({ number: 1, of: 2, next: null, retryOf: one!.id, root: one!.id });
    expect(first.steps.find((step) => step.key === "flaky")).toMatchObject({ status: "failed", attempt: 2, attempts: 6 });
    expect(second.steps.find((step) => step.key === "flaky")).toMatchObject({ status: "succeeded", attempt: 4, attempts: 6 });
  });
  test("the third of four steps fails: the retry makes the third and fourth only, from what the second had made", async () => {
    const { runs } = await instance.materialize("s1+");
    const [again, first] = runs;
    expect([first!.status, again!.status, again!.requestId === first!.requestId]).toEqual(["failed", "succeeded", true]);
    expect(again!.assets).toEqual(["s3", "s4"]);
    expect(again!.tags["kc/retry_of_run"]).toBe(first!.id);
    expect(["s1", "s2", "s3", "s4"].map(tries)).toEqual([1, 1, 2, 1]);
    expect((await instance.api.asset("s3")).materialization!.metadata.n!.value).toBe(43);
  });
  test("all steps, by the tag", async () => {
    const { runs } = await instance.materialize("whole_a or whole_b", { tags: { "kc/retry_strategy": "all_steps" } });
    expect(runs.map((run) => run.status)).toEqual(["succeeded", "failed"]);
    expect(tries("whole_a")).toBe(2);
  });
  test("as often as it may and no more; a final error never", async () => {
    const { runs } = await instance.materialize("hopeless");
    expect(runs.map((run) => run.status)).toEqual(["failed", "failed", "failed"]);
    expect(tries("hopeless")).toBe(3);
    expect((await instance.materialize("final")).runs).toHaveLength(1);
    const none = await instance.materialize("hopeless", { tags: { "kc/max_retries": "0" } });
    expect(none.runs).toHaveLength(1);
  });
  test("a run whose worker died is run again", async () => {
    const { runs } = await instance.materialize("dies");
    expect(runs.map((run) => run.status)).toEqual(["succeeded", "failed"]);
  });
  test("a cancelled run is not", async () => {
    const submitted = await instance.api.submit({ selection: "waits" });
    await until(async () => (await instance.api.run(submitted.runs[0]!.id)).steps[0]!.status === "running");
    await instance.api.cancel(submitted.runs[0]!.id);
    expect((await instance.finish(submitted)).runs.map((run) => run.status)).toEqual(["cancelled"]);
  });
  test.each([
    ["kc/max_retries", "many"],
    ["kc/retry_strategy", "some"],
    ["kc/max_runtime", "soon"],
    ["kc/priority", "1.5"],
  ])("tag %s: %s is refused", async (name, value) => {
    await expect(instance.api.submit({ selection: "first", tags: { [name]: value } })).rejects.toThrow(`tag ${name}`);
  });
  test("by a person: from failure what did not succeed, from scratch all, each linked to what it repeats", async () => {
    const tags = { "kc/max_retries": "0", team: "y" };
    const { runs } = await instance.materialize("by_hand or beside", { tags });
    expect(runs[0]!.status).toBe("failed");
    writeFileSync(join(output, "mended"), "");
    const again = await instance.finish(await instance.api.reexecute(runs[0]!.id));
    expect(again.runs[0]).toMatchObject({ status: "succeeded", assets: ["by_hand"] });
    expect(again.runs[0]!.tags).toMatchObject({ team: "y", "kc/retry_of": runs[0]!.requestId, "kc/rerun_of": runs[0]!.id });
    const all = await instance.finish(await instance.api.reexecute(runs[0]!.requestId, "from_scratch"));
    expect(all.runs[0]!.assets.toSorted()).toEqual(["beside", "by_hand"]);
    await expect(instance.api.reexecute(all.runs[0]!.id)).rejects.toThrow("every step of the run succeeded");
    await expect(instance.api.reexecute("nobody")).rejects.toThrow('there is no run or request "nobody"');
    await expect(instance.api.reexecute(runs[0]!.id, "sometimes" as never)).rejects.toThrow("strategy");
  });
});

describe("jobs with a config", () => {
  let instance: TestInstance;
  beforeAll(async () => {
    instance = await testInstance({ root: workspace.root });
  });
  afterAll(() => instance.stop());
  test("their config becomes that of their steps; their options are tags of the runs", async () => {
    const { runs, events } = await instance.finish(
      await instance.api.submit({ job: "load", config: { day: "2026-01-31", size: { rows: 3 } } }),
    );
    expect(runs[0]!.status).toBe("succeeded");
    expect(runs[0]!.tags).toEqual({
      team: "x",
      "kc/job": "load",
      "kc/priority": "3",
      "kc/max_runtime": "1h",
      "kc/max_concurrent": "1",
    });
    const made = events.find((event) => event.type === "materialization")!.metadata!;
    expect([made.day!.value, made.rows!.value]).toEqual(["2026-01-31", 3]);
    expect((await instance.api.run(runs[0]!.id)).config).toEqual({ daily: { day: "2026-01-31", rows: 3 } });
  });
  test.each([
    ["no config where it needs one", {}, "day: is missing"],
    ["a value deep inside", { day: "2026-01-31", size: { rows: "many" } }, 'size.rows: must be a number, not "many"'],
    [
      "a key that it does not have",
      { day: "2026-01-31", size: { row: 3 } },
      'size.row: there is no such key. Did you mean "rows"?',
    ],
    ["a value that is no date", { day: "tomorrow" }, 'day: "tomorrow" is no date'],
  ])("%s is refused by its path, and nothing is stored", async (_, config, message) => {
    const before = (await instance.api.runs()).length;
    await expect(instance.api.submit({ job: "load", config })).rejects.toThrow(message);
    expect(await instance.api.runs()).toHaveLength(before);
  });
  test("an unknown key of a step's config is refused by its path, and nothing is stored", async () => {
    const before = (await instance.api.runs()).length;
    const config = { daily: { day: "x", rows: 1, rwos: 2 } };
    await expect(instance.api.submit({ selection: "daily", config })).rejects.toThrow(/config of step "daily": .*rwos/);
    await expect(instance.api.submit({ selection: "plain", config: { plain: { rwos: 2 } } })).rejects.toThrow(
      'config of step "plain": rwos: there is no such key. Did you mean "rows"?',
    );
    expect(await instance.api.runs()).toHaveLength(before);
  });
  test("a job that configures a step that it has not is refused, with the nearest name", async () => {
    await expect(instance.api.submit({ job: "wrong" })).rejects.toThrow(
      'no step of it.  Did you mean "daily"?'.replace("  ", " "),
    );
  });
  test("their schema stands in the API", async () => {
    const job = (await instance.api.jobs()).find((one) => one.name === "load")!;
    expect(job.config).toMatchObject({ type: "object", required: ["day"] });
  });
});
