import { describe, expect, test } from "vitest";
import { type Stop, type Supervision, supervise } from "./supervise.ts";

/** A clock whose sleepers wake when it is turned. */
function turning() {
  let now = 0;
  const sleepers = new Set<{ at: number; wake(): void }>();
  return {
    now: () => now,
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        if (signal?.aborted) return resolve();
        const one = { at: now + ms, wake: resolve };
        sleepers.add(one);
        signal?.addEventListener("abort", () => {
          sleepers.delete(one);
          resolve();
        });
      }),
    async turn(to: number) {
      now = to;
      for (const one of [...sleepers].filter(({ at }) => at <= now)) {
        sleepers.delete(one);
        one.wake();
      }
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
const watched = (limits: Partial<Supervision>, tags: Record<string, string> = {}) => {
  const clock = turning();
  const stops: Stop[] = [];
  const watch = supervise(clock, { startMs: 1_000, maxMs: undefined, quietMs: undefined, ...limits }, tags, (stop) =>
    stops.push(stop),
  );
  return { clock, stops, watch };
};

describe("supervise()", () => {
  test("a run that does not begin in time is ended, one that begins is not", async () => {
    const late = watched({});
    await late.clock.turn(1_000);
    expect(late.stops).toEqual([
      { reason: "the run did not start within 1.0s (runs.start_timeout)", how: "kill", crashed: true },
    ]);
    const begun = watched({});
    begun.watch.started();
    await begun.clock.turn(100_000);
    expect(begun.stops).toEqual([]);
  });
  test("the tag's max runtime wins over the setting's, and counts from the start", async () => {
    const { clock, stops, watch } = watched({ startMs: 60_000, maxMs: 5_000 }, { "kc/max_runtime": "20s" });
    await clock.turn(10_000);
    watch.started();
    await clock.turn(29_999);
    expect(stops).toEqual([]);
    await clock.turn(30_000);
    expect(stops).toEqual([
      { reason: "the run took longer than its max runtime of 20s (tag kc/max_runtime)", how: "ask", crashed: false },
    ]);
  });
  test("silence counts from the last word, and only where a limit is set", async () => {
    const { clock, stops, watch } = watched({ quietMs: 3_000 });
    watch.started();
    for (let at = 1_000; at <= 10_000; at += 1_000) {
      await clock.turn(at);
      watch.heard();
    }
    await clock.turn(12_999);
    expect(stops).toEqual([]);
    await clock.turn(13_000);
    expect(stops).toHaveLength(1);
    expect(stops[0]).toMatchObject({ how: "kill", crashed: true });
  });
  test("a run that has ended is left alone", async () => {
    const { clock, stops, watch } = watched({ maxMs: 1_000, quietMs: 1_000 });
    watch.started();
    watch.end();
    await clock.turn(100_000);
    expect(stops).toEqual([]);
  });
});
