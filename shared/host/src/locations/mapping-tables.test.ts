import { asset, dailyPartitions, defineLocation, mapping } from "@kc/runtime";
import { assembleLocation } from "@kc/runtime/internal";
import { afterEach, expect, test, vi } from "vitest";
import { watchTables } from "./mapping-tables.ts";
import type { LocationState } from "./workspace.ts";

const daily = dailyPartitions({ start: "2026-01-01" });
const location = (name: string, how: Parameters<typeof assetWith>[0]) =>
  assembleLocation(defineLocation({ name, assets: [assetWith(how)] })).snapshot;
const assetWith = (how: ReturnType<typeof mapping.all> | ((key: string) => string)) =>
  asset({ key: "a", partitions: daily, deps: [{ key: "b", mapping: how }], materialize: () => {} });

afterEach(() => vi.useRealTimers());

test("a location whose mapping is a function is loaded anew before its table ends, one without is left", () => {
  vi.useFakeTimers();
  const began = Date.now();
  const states = new Map(
    [location("by_function", (key) => key), location("by_rule", mapping.all())].map((snapshot) => [
      snapshot.name,
      { status: "loaded", snapshot, loadedAt: began } as LocationState,
    ]),
  );
  const reloads: string[] = [];
  const stop = watchTables(states, {
    now: () => Date.now(),
    reload: (name) => {
      states.get(name)!.loadedAt = Date.now();
      reloads.push(`${name} after ${Math.round((Date.now() - began) / 86_400_000)} days`);
    },
  });
  vi.advanceTimersByTime(400 * 86_400_000);
  expect(reloads).toEqual(["by_function after 183 days", "by_function after 366 days"]);
  states.get("by_function")!.status = "error";
  vi.advanceTimersByTime(400 * 86_400_000);
  stop();
  expect(reloads).toHaveLength(2);
  expect(vi.getTimerCount()).toBe(0);
});
