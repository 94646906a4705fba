import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunEvent } from "../src/client/types.ts";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { definitions, makeWorkspace } from "./workspace.ts";

const before = `import { md } from "@kc/runtime";
const circle: Record<string, unknown> = {}; circle.self = circle;
const returns = (key: string, value: () => unknown) => asset({ key, materialize: value as never });
const throws = (key: string, value: unknown) => asset({ key, materialize() { throw value; } });`;
const assets = `
  asset({ key: "flood", materialize() {
    const text = "x".repeat(290);
    for (let at = 0; at < 100_000; at++) process.stdout.write(String(at).padStart(9, "0") + text + "\\n");
  } }),
  asset({ key: "pieces", materialize() {
    // One line of 5 MB in many writes, and another at once.
    for (let at = 0; at < 80; at++) process.stdout.write(String(at % 10).repeat(65_536));
    process.stdout.write("\\n" + "y".repeat(5_000_000) + "\\nafter\\n");
  } }),
  asset({ key: "bytes", materialize() {
    process.stdout.write(new Uint8Array([104, 105, 0xff, 0xfe, 0, 10]));
    const euro = Buffer.from("€ and more\\n");
    process.stdout.write(euro.subarray(0, 1)); process.stdout.write(euro.subarray(1, 2)); process.stdout.write(euro.subarray(2));
    process.stderr.write(new Uint8Array([0xe2, 0x82]));
  } }),
  asset({ key: "logger", materialize({ log }) { for (let at = 0; at < 30_000; at++) log[at % 3 ? "info" : "warn"]("line " + at, { at }); } }),
  returns("list", () => [1]), returns("text", () => "done"), returns("stranger", () => ({ rows: 3 })),
  returns("circular", () => ({ metadata: { c: md.json(circle) } })), returns("huge", () => ({ metadata: { c: "x".repeat(6_000_000) } })),
  returns("code", () => ({ metadata: { f: () => 1 } })), returns("big_number", () => ({ metadata: { n: 10n ** 30n } })),
  ...Array.from({ length: 16 }, (_, step) => asset({ key: "beside/s" + step, async materialize({ log }) {
    for (let at = 0; at < 1_000; at++) { log.info("line", { at }); if (at % 20 === 0) await new Promise((resolve) => setImmediate(resolve)); }
  } })),
  throws("throws_null", null), throws("throws_text", "just text"), throws("throws_circle", circle),
  asset({ key: "exits", materialize() { process.exit(0); } }),
  asset({ key: "kills_itself", async materialize() { process.kill(process.pid, "SIGKILL"); await new Promise(() => {}); } }),
  asset({ key: "rejects_later", async materialize() { void Promise.reject(new Error("nobody waits for this")); await new Promise((r) => setTimeout(r, 20)); } }),
`;
const workspace = makeWorkspace({ team: definitions("team", assets, before) }, "runs: { max_concurrent_steps: 16 }\n");
afterAll(() => workspace.remove());

describe("what steps say and hand back", () => {
  let instance: TestInstance;
  beforeAll(async () => {
    instance = await testInstance({ root: workspace.root });
  });
  afterAll(() => instance.stop());
  const lines = (events: RunEvent[], stream = "stdout") =>
    events.filter((event) => event.type === "log" && event.stream === stream);
  const memory = () => {
    const { pid } = JSON.parse(readFileSync(join(instance.home, "host.json"), "utf8")) as { pid: number };
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1_024;
  };

  test("30 MB at once: nothing is lost, the order holds, and the host does not grow with it", async () => {
    const submitted = await instance.api.submit({ selection: "flood" });
    const events: RunEvent[] = [];
    for (let after = 0, open = true; open; ) {
      open = (await instance.api.run(submitted.runs[0]!.id)).endedAt === null;
      for (;;) {
        const page = await instance.api.runEvents(submitted.runs[0]!.id, { after, limit: 10_000 });
        events.push(...page.map((event) => ({ ...event, message: event.message?.slice(0, 9) ?? "" })));
        after = page.at(-1)?.id ?? after;
        if (page.length < 10_000) break;
      }
      if (open) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const numbers = lines(events).map((event) => Number(event.message));
    expect(numbers).toHaveLength(100_000);
    expect(numbers.every((number, at) => number === at)).toBe(true);
    expect(events.at(-1)!.type).toBe("run_succeeded");
    expect(memory()).toBeLessThan(500);
  });
  test("lines of megabytes come whole, in pieces that say that they go on", async () => {
    const { events } = await instance.materialize("pieces");
    const whole: string[] = [];
    let open = "";
    for (const event of lines(events)) {
      open += event.message;
      if (event.fields?.continues) continue;
      whole.push(open);
      open = "";
    }
    expect(whole.map((line) => line.length)).toEqual([80 * 65_536, 5_000_000, 5]);
    expect(whole[0]!.slice(65_535, 65_537)).toBe("01");
    expect(whole[2]).toBe("after");
  });
  test("bytes that are no UTF-8 become the sign for that, and a character in three writes is one", async () => {
    const { events } = await instance.materialize("bytes");
    expect(lines(events).map((event) => event.message)).toEqual(["hi\ufffd\ufffd\0", "€ and more"]);
    expect(lines(events, "stderr").map((event) => event.message)).toEqual(["\ufffd"]);
  });
  test("a flood of the logger keeps its order, and levels and steps are told apart", async () => {
    const { runs, events } = await instance.materialize("logger");
    expect(lines(events, "logger").map((event) => event.fields!.at)).toEqual(Array.from({ length: 30_000 }, (_, at) => at));
    const { id } = runs[0]!;
    const warnings = await instance.api.runEvents(id, { level: "warn", step: "logger", limit: 10_000 });
    expect(warnings).toHaveLength(10_000);
    expect(warnings.every((event) => event.level === "warn")).toBe(true);
    const second = await instance.api.runEvents(id, { level: "warn", limit: 10, after: warnings[9]!.id });
    expect(second.map((event) => event.id)).toEqual(warnings.slice(10, 20).map((event) => event.id));
    expect(await instance.api.runEvents(id, { step: "other" })).toEqual([]);
    await expect(instance.api.runEvents(id, { types: "step_start" })).rejects.toThrow('Did you mean "step_started"');
  });
  test("sixteen steps beside each other, a thousand lines each: SQLite takes all of them, each step's in order", async () => {
    const { runs, events } = await instance.materialize("beside/*");
    expect(runs[0]!.status).toBe("succeeded");
    const all = lines(events, "logger");
    expect(all).toHaveLength(16_000);
    for (let step = 0; step < 16; step++)
      expect(all.filter((event) => event.step === `beside/s${step}`).map((event) => event.fields!.at)).toEqual(
        Array.from({ length: 1_000 }, (_, at) => at),
      );
    // They really ran beside each other.
    const firstEnd = events.findIndex((event) => event.type === "step_succeeded");
    expect(new Set(events.slice(0, firstEnd).map((event) => event.step)).size).toBeGreaterThan(8);
    expect(readFileSync(join(instance.home, "logs", "host.log"), "utf8")).not.toMatch(/locked|busy|SQLITE/i);
  });
  test.each([
    ["list", "handed back a list"],
    ["text", "handed back a string"],
    ["stranger", 'handed back "rows"'],
    ["circular", '"c" cannot be kept as JSON'],
    ["huge", "is 6 MB: at most 4 MB are kept"],
    ["code", 'metadata "f"'],
    ["throws_null", "null"],
    ["throws_text", "just text"],
    ["throws_circle", "[object Object]"],
  ])("%s fails its step by name and not the worker", async (key, message) => {
    const { runs, events } = await instance.materialize(key);
    expect(runs[0]!.status).toBe("failed");
    expect(events.find((event) => event.type === "step_failed")!.error!.message).toContain(message);
  });
  test.each([
    ["exits", "exit code 0"],
    ["kills_itself", "SIGKILL"],
  ])("a step that %s fails its run", async (key, message) => {
    const { runs } = await instance.materialize(key);
    expect(runs[0]).toMatchObject({ status: "failed", reason: expect.stringContaining(message) });
  });
  test("a rejection that nobody waits for does not end the run", async () => {
    expect((await instance.materialize("rejects_later")).runs[0]!.status).toBe("succeeded");
  });
});
