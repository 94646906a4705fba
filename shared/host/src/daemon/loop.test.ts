import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { startLoop } from "./loop.ts";

/** A clock on which only sleeping passes time; it tells how long each sleep was to be. */
function sleeper() {
  const slept: number[] = [];
  return {
    slept,
    now: () => 0,
    async sleep(ms: number) {
      slept.push(ms);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test("a look that takes long is followed by a rest, so that what happens meanwhile is seen together", async () => {
  const clock = sleeper();
  let looks = 0;
  const loop = startLoop(
    "dear",
    clock,
    async () => {
      looks++;
      await wait(30);
      return undefined;
    },
    () => {},
  );
  for (let event = 0; event < 20; event++) loop.wake();
  await expect.poll(() => clock.slept.length).toBeGreaterThan(0);
  expect(clock.slept[0]).toBeGreaterThanOrEqual(20);
  expect(clock.slept[0]).toBeLessThanOrEqual(1_000);
  expect(looks).toBeLessThanOrEqual(2);
  await loop.stop();
});

test("stopping does not wait for the rest", async () => {
  const aborted: boolean[] = [];
  const clock = {
    now: () => 0,
    sleep: (_ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        signal!.addEventListener("abort", () => {
          aborted.push(true);
          resolve();
        });
      }),
  };
  let resting = () => {};
  const rests = new Promise<void>((resolve) => {
    resting = resolve;
  });
  const loop = startLoop(
    "dear",
    {
      ...clock,
      sleep(ms, signal) {
        resting();
        return clock.sleep(ms, signal);
      },
    },
    async () => {
      await wait(30);
      return undefined;
    },
    () => {},
  );
  await rests;
  await loop.stop();
  expect(aborted).toEqual([true]);
});
