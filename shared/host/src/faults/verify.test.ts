import type { NewRun, Storage } from "@kc/runtime/internal";
import { openMemory } from "@kc/storage/memory";
import { expect, test } from "vitest";
import { problemsOf } from "./verify.ts";

// What the suite must see: each of these was put into a storage by hand.

const run = (id: string, runKey: string | null = null): NewRun => ({
  id,
  requestId: id,
  location: "one",
  plan: { location: "one", assets: ["a"], steps: [{ key: "a", name: "a", assets: ["a"], needs: [] }], needs: [] },
  needs: [],
  tags: {},
  config: {},
  partition: null,
  runKey,
  createdAt: 1,
});
const good = async (storage: Storage, id: string, runKey: string | null = null) => {
  await storage.createRuns([run(id, runKey)], [{ type: "run_queued", at: 1, runId: id }]);
  const types = ["run_started", "step_started", "materialization", "step_succeeded", "run_succeeded"] as const;
  const about = (type: string) =>
    type === "step_started" ? { step: "a" } : type.startsWith("run_") ? {} : { step: "a", asset: "a" };
  await storage.appendEvents(types.map((type, at) => ({ type, at: 2, runId: id, seq: at + 1, ...about(type) })));
};
const known = { runs: ["r"], backfills: [], reported: [], marks: ["r a "] };
const tick = async (storage: Storage, at: number) => {
  const { id } = await storage.startTick({ location: "one", name: "each_second", type: "schedule", at });
  await storage.endTick(id, { status: "success", endedAt: at });
  await good(storage, `t${at}`, `schedule:one/each_second:${at}:0`);
  return `t${at} a `;
};

test("what came out right has no problems", async () => {
  const storage = openMemory();
  await good(storage, "r");
  expect(await problemsOf(storage, known)).toEqual([]);
});
test.each<[string, RegExp, (storage: Storage) => Promise<Partial<typeof known> | undefined>]>([
  ["an acknowledged run that is gone", /run gone was acknowledged/, async () => ({ runs: ["gone"] })],
  ["a step that claims what did not happen", /its mark is there 0 times/, async () => ({ marks: [] })],
  ["a step that was made twice", /its mark is there 2 times/, async () => ({ marks: ["r a ", "r a "] })],
  [
    "an event of a worker that is missing",
    /event 6 of its worker is missing/,
    async (s) => void (await s.appendEvents([{ type: "log", at: 3, runId: "r", seq: 7 }])),
  ],
  [
    "a step that began twice",
    /step a began 2 times with 0 retries/,
    async (s) => void (await s.appendEvents([{ type: "step_started", at: 3, runId: "r", step: "a", seq: 6 }])),
  ],
  ["a run that does not end", /run w .*it has not ended/, async (s) => void (await s.createRuns([run("w")], []))],
  ["a second without a tick", /stand 1$/, async (s) => ({ marks: [...known.marks, await tick(s, 1_000), await tick(s, 3_000)] })],
  [
    "a run of no tick",
    /there is no such tick/,
    (s) => good(s, "x", "schedule:one/each_second:5:0").then(() => ({ marks: ["r a ", "x a "] })),
  ],
  [
    "a cursor behind its run keys",
    /cursor is undefined, its last run key 1/,
    (s) => good(s, "y", "sensor:one/counts:n1").then(() => ({ marks: ["r a ", "y a "] })),
  ],
])("%s is found", async (_, problem, spoil) => {
  const storage = openMemory();
  await good(storage, "r");
  const more = await spoil(storage);
  const problems = await problemsOf(storage, { ...known, ...more });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(problem);
});
