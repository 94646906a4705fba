import type { Clock, Storage } from "@kc/runtime/internal";

const hour = 3_600_000;

export interface Retention {
  runs?: number | undefined;
  ticks?: number | undefined;
  logs?: number | undefined;
}

/** Deletes what the instance no longer keeps, once an hour. Ages are milliseconds; absent ones are kept for ever. */
export async function tickRetention(
  context: { storage: Storage; clock: Clock; report(line: string): void },
  retention: Retention,
): Promise<number | undefined> {
  const ages = Object.entries(retention).filter(([, age]) => age !== undefined) as [keyof Retention, number][];
  if (ages.length === 0) return undefined;
  const now = context.clock.now();
  const gone = await context.storage.prune(Object.fromEntries(ages.map(([name, age]) => [name, now - age])));
  if (gone.runs + gone.events + gone.ticks > 0)
    context.report(`retention: deleted ${gone.runs} runs, ${gone.events} events, ${gone.ticks} ticks`);
  return now + hour;
}
