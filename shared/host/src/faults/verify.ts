import {
  emptyAssetState,
  emptyPartitionRow,
  isEnd,
  nextStatus,
  type PartitionRow,
  partitionTexts,
  projectAsset,
  projectPartition,
  type Run,
  type Storage,
  type StoredEvent,
} from "@kc/runtime/internal";

/** What the suite knows apart from the storage. */
export interface Known {
  /** Ids of runs whose submission was acknowledged, and of backfills. */
  runs: readonly string[];
  backfills: readonly string[];
  /** Ids of events whose report was acknowledged. */
  reported: readonly number[];
  /** Lines `runId asset partition` that steps left when they came to their end. */
  marks: readonly string[];
}

/** Reads the whole log. */
export async function allEvents(storage: Storage): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (let after = 0; ; after = events.at(-1)!.id) {
    const page = await storage.readEvents({ after, limit: 10_000 });
    events.push(...page);
    if (page.length < 10_000) return events;
  }
}

/** Everything that is not as the events say, in words; empty: nothing is wrong. */
export async function problemsOf(storage: Storage, known: Known): Promise<string[]> {
  const problems: string[] = [];
  const events = await allEvents(storage);
  const runs = await storage.listRuns({ limit: 1_000_000, order: "oldest" });
  const byRun = new Map<string, StoredEvent[]>(runs.map((run) => [run.id, []]));
  for (const event of events) if (event.runId) byRun.get(event.runId)?.push(event);
  const ids = new Set(runs.map((run) => run.id));
  for (const id of known.runs) if (!ids.has(id)) problems.push(`run ${id} was acknowledged and is not stored`);
  const eventIds = new Set(events.map((event) => event.id));
  for (const id of known.reported) if (!eventIds.has(id)) problems.push(`event ${id} was acknowledged and is not stored`);
  for (const id of known.backfills) {
    const backfill = await storage.getBackfill(id);
    if (!backfill) problems.push(`backfill ${id} was acknowledged and is not stored`);
    else if (backfill.endedAt === null) problems.push(`backfill ${id} is ${backfill.status}: ${backfill.reason}`);
  }
  for (const run of runs) problems.push(...problemsOfRun(run, byRun.get(run.id)!, known.marks));
  problems.push(...(await projections(storage, events)), ...(await ticks(storage, runs)));
  return problems;
}

function problemsOfRun(run: Run, events: readonly StoredEvent[], marks: readonly string[]): string[] {
  const problems: string[] = [];
  const wrong = (text: string) => problems.push(`run ${run.id} (${run.plan.assets.join(", ")}; ${run.status}): ${text}`);
  if (!isEnd(run.status)) wrong("it has not ended");
  const status = events.reduce((status, event) => nextStatus(status, event), "queued" as Run["status"]);
  if (status !== run.status) wrong(`its events say ${status}`);
  const seqs = events.flatMap((event) => event.seq ?? []).sort((a, b) => a - b);
  const hole = seqs.findIndex((seq, index) => seq !== index + 1);
  if (hole >= 0)
    wrong(`event ${hole + 1} of its worker is missing or there twice: ${seqs.slice(Math.max(0, hole - 1), hole + 2)}`);
  const of = (type: string) => events.filter((event) => event.type === type);
  if (run.status === "succeeded")
    for (const asset of run.plan.assets)
      if (!of("step_succeeded").some((event) => event.asset === asset)) wrong(`no event says that ${asset} succeeded`);
  for (const { asset, partition } of of("materialization")) {
    const mark = `${run.id} ${asset} ${partition ?? ""}`;
    const found = marks.filter((one) => one === mark).length;
    if (found !== 1) wrong(`${asset} says that it was made; its mark is there ${found} times`);
  }
  for (const { key } of run.plan.steps) {
    const of = events.filter((event) => event.step === key);
    const begun = of.filter((event) => event.type === "step_started").length;
    const retries = of.filter((event) => event.type === "step_retry").length;
    if (begun > retries + 1) wrong(`step ${key} began ${begun} times with ${retries} retries`);
  }
  return problems;
}

async function projections(storage: Storage, events: readonly StoredEvent[]): Promise<string[]> {
  const problems: string[] = [];
  const assets = new Map(events.flatMap((event) => (event.asset ? [[event.asset, emptyAssetState(event.asset)] as const] : [])));
  const rows = new Map<string, Map<string, PartitionRow>>();
  for (const event of events) {
    if (!event.asset) continue;
    assets.set(event.asset, projectAsset(assets.get(event.asset)!, event));
    const known = rows.get(event.asset) ?? new Map<string, PartitionRow>();
    rows.set(event.asset, known);
    for (const text of partitionTexts(event.partition)) {
      const row = projectPartition(known.get(text) ?? emptyPartitionRow(text), event);
      if (row) known.set(text, row);
    }
  }
  const stored = await storage.assetStates();
  for (const [key, state] of assets) {
    const [says, has] = [state, stored.get(key) ?? emptyAssetState(key)].map((one) => JSON.stringify(sorted(one)));
    if (says !== has) problems.push(`asset ${key}: its events say ${says}, stored is ${has}`);
    const kept = new Map((await storage.partitionRows(key)).map((row) => [row.partition, row]));
    for (const [text, row] of rows.get(key) ?? [])
      if (JSON.stringify(sorted(row)) !== JSON.stringify(sorted(kept.get(text) ?? null)))
        problems.push(
          `asset ${key}, partition ${text}: its events say ${JSON.stringify(row)}, stored is ${JSON.stringify(kept.get(text))}`,
        );
  }
  return problems;
}

const sorted = (value: unknown): unknown =>
  value && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, one]) => [key, sorted(one)]),
      )
    : value;

/** Each second has its tick, each tick its run, and the sensor's cursor stands where its run keys do. */
async function ticks(storage: Storage, runs: readonly Run[]): Promise<string[]> {
  const problems: string[] = [];
  const seconds = (await storage.listTicks({ name: "each_second", limit: 1_000_000 })).sort((a, b) => a.at - b.at);
  seconds.forEach((tick, index) => {
    const before = seconds[index - 1];
    if (before && tick.at !== before.at + 1_000)
      problems.push(
        `between the ticks at ${new Date(before.at).toISOString()} and ${new Date(tick.at).toISOString()} stand ${(tick.at - before.at) / 1_000 - 1}`,
      );
    if (tick.status !== "success")
      problems.push(`the tick at ${new Date(tick.at).toISOString()} is ${tick.status}: ${tick.error ?? tick.skip}`);
  });
  const wanted = new Set(seconds.map((tick) => `schedule:one/each_second:${tick.at}:0`));
  const keys = runs.flatMap((run) => (run.runKey?.startsWith("schedule:") ? [run.runKey] : []));
  if (new Set(keys).size !== keys.length) problems.push("two runs have one key");
  for (const key of keys) if (!wanted.delete(key)) problems.push(`a run has the key ${key}, and there is no such tick`);
  for (const key of wanted) problems.push(`the tick of ${key} has no run`);
  const numbers = runs.flatMap((run) => (run.runKey?.startsWith("sensor:one/counts:n") ? [Number(run.runKey.slice(19))] : []));
  const last = Math.max(0, ...numbers);
  if (numbers.length !== last) problems.push(`the sensor asked for ${last} runs, there are ${numbers.length}`);
  const sensor = (await storage.instigators()).find((one) => one.name === "counts");
  if (Number(sensor?.cursor ?? 0) !== last) problems.push(`the sensor's cursor is ${sensor?.cursor}, its last run key ${last}`);
  return problems;
}
