import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Loop } from "./loop.ts";
import { startPulse } from "./pulse.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("beats for a loop that does its work, is silent for one that does not, and tells of each beat", () => {
  const clock = { now: () => Date.now(), sleep: async () => {} };
  const loop = (name: string, dueAt: number | undefined) => ({ name, heartbeat: () => ({ at: 0, dueAt }) }) as unknown as Loop;
  const well = loop("queue", undefined);
  const late = loop("sensors", 1);
  let told = 0;
  const pulse = startPulse(
    clock,
    () => [well, late],
    () => told++,
  );
  vi.advanceTimersByTime(10_000);
  expect(told).toBe(2);
  expect(pulse.of(well)).toEqual({ heartbeatAt: Date.now(), problem: undefined });
  expect(pulse.of(late)).toMatchObject({ heartbeatAt: 0, problem: expect.stringContaining("late") });
  pulse.stop();
  vi.advanceTimersByTime(10_000);
  expect(told).toBe(2);
});
