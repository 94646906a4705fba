import { openMemory } from "@kc/storage/memory";
import { expect, test } from "vitest";
import { lastTicks } from "./last-ticks.ts";
import { observedStorage } from "./observed-storage.ts";

const start = 1_700_000_000_000;

function setUp(memory = openMemory()) {
  const last = lastTicks(memory);
  const storage = observedStorage(memory, last);
  const tick = async (name: string, error?: string) => {
    const { id } = await storage.startTick({ location: "team", name, type: "sensor", at: start });
    await storage.endTick(id, { status: error ? "failed" : "success", endedAt: start, ...(error ? { error } : {}) });
  };
  const told = async () => (await last.all()).map(({ name, status, error }) => [name, status, error]);
  return { memory, storage, tick, told };
}

test("of more schedules and sensors than anybody lists at one time each one's last tick is known", async () => {
  const { tick, told } = setUp();
  await told();
  await tick("broken", "no such table");
  for (let at = 0; at < 700; at++) await tick(`sensor_${at}`);
  expect((await told())[0]).toEqual(["broken", "failed", "no such table"]);
  await tick("broken");
  expect((await told()).at(-1)).toEqual(["broken", "success", null]);
  expect(await told()).toHaveLength(701);
});

test("what an earlier host has begun or ended counts", async () => {
  const { memory, tick, storage } = setUp();
  await tick("a", "it failed");
  const open = await storage.startTick({ location: "team", name: "b", type: "schedule", at: start });
  const next = setUp(memory);
  expect(await next.told()).toEqual([["a", "failed", "it failed"]]);
  await next.storage.endTick(open.id, { status: "failed", endedAt: start, error: "kc was stopped" });
  expect(await next.told()).toEqual([
    ["a", "failed", "it failed"],
    ["b", "failed", "kc was stopped"],
  ]);
});

test("a tick that is still going on is not the last one", async () => {
  const { storage, tick, told } = setUp();
  await tick("a", "it failed");
  await storage.startTick({ location: "team", name: "a", type: "sensor", at: start + 1 });
  expect(await told()).toEqual([["a", "failed", "it failed"]]);
});
