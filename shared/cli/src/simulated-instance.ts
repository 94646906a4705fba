import type { ApiClient } from "@kc/host/client";
import type { InstanceState, SeededPartitions, SimulateOptions } from "@kc/host/simulate";

/** Partitioned assets that are asked for, one call each. */
const mostPartitioned = 2_000;
const atOnce = 8;
/** Ranges in one answer. */
const mostRanges = 1_000;

/**
 * What is made, on, off and paused now, as a simulation begins from it. One call each for everything but partitions, which
 * are read of the assets only whose partitions decide about anything.
 * @param wanted These assets, see `decisivePartitions`.
 * @returns also how many of them were left out.
 */
export async function readInstance(
  api: ApiClient,
  wanted: readonly string[],
): Promise<{ state: InstanceState; leftOut: number }> {
  const [assets, schedules, sensors, pauses, { mutes }, dynamicPartitions, { cursor }] = await Promise.all([
    api.assets(),
    api.schedules(),
    api.sensors(),
    api.pauses(),
    api.alerts(),
    api.dynamicPartitions(),
    api.automationMemory(),
  ]);
  const made = new Set(assets.flatMap((asset) => (asset.materialization || asset.status === "failed" ? [asset.key] : [])));
  const asked = wanted.filter((key) => made.has(key));
  const partitions: Record<string, SeededPartitions> = {};
  const queue = asked.slice(0, mostPartitioned);
  const work = async () => {
    for (let key = queue.shift(); key !== undefined; key = queue.shift()) partitions[key] = await partitionsOf(api, key);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return {
    state: {
      ...{ assets, instigators: [...schedules, ...sensors], pauses, mutes, dynamicPartitions, partitions },
      automation: cursor,
    },
    leftOut: Math.max(0, asked.length - mostPartitioned),
  };
}

async function partitionsOf(api: ApiClient, key: string): Promise<SeededPartitions> {
  const query = { status: "materialized", newest: true };
  const { ranges, partitions } = await api.partitions(key, { ...query, limit: 1 });
  const { materialized, failed, inProgress } = ranges;
  // Ranges come oldest first and an answer has only so many: what counts most is the newest.
  const newest = materialized.length < mostRanges ? [] : (await api.partitions(key, { ...query, limit: mostRanges })).partitions;
  // What failed or is being made anew may have been made before.
  const again: typeof partitions = [];
  for (const [status, some] of [
    ["failed", failed],
    ["in_progress", inProgress],
  ] as const)
    if (some.length > 0)
      again.push(...(await api.partitions(key, { status, newest: true, limit: mostRanges })).partitions.filter(({ at }) => at));
  return {
    materialized: [...materialized, ...[...newest, ...again].map((one) => one.key)],
    failed,
    newestAt: partitions[0]?.at ?? null,
  };
}

/** kc.yaml, limits by command and everything of `readInstance`, as options of a simulation. */
export async function asItIs(
  api: ApiClient,
  place: { root: string; env: Readonly<Record<string, string | undefined>> },
  locations: SimulateOptions["locations"],
): Promise<{ options: Partial<SimulateOptions>; leftOut: number }> {
  const { decisivePartitions, simulationSettings } = await import("@kc/host/simulate");
  const settings = simulationSettings(place.root, place.env, await api.pools());
  const { state, leftOut } = await readInstance(api, decisivePartitions(locations as Parameters<typeof decisivePartitions>[0]));
  return { options: { ...settings, start: state }, leftOut };
}
