import type { PoolUse } from "../pool.ts";
import { rankOf } from "./rank.ts";

/** Something that holds slots of a pool or waits for them: a step of a run, or a whole run. */
export interface PoolClaim {
  id: string;
  /** As a person reads it: `run X step y`. */
  who: string;
  use: PoolUse;
  priority: number;
  /** Since when it waits (ms); claims of one instant keep their order. */
  since: number;
}

export interface PoolDecision {
  /** Ids of the claims that get their slots now, in order. */
  grant: string[];
  /** What each of the others waits for, as a person reads it. */
  waiting: Map<string, string>;
}

/**
 * Which waiting claims get their slots: of each pool the first by priority raised by age, then by age. One that does not fit
 * yet holds up those behind it, so that a heavy claim never starves; a claim that is heavier than the whole pool (the limit
 * was lowered after it was asked for) takes the pool alone.
 * @param slotsOf Slots of a pool, or undefined when it has no limit. 0 pauses the pool.
 */
export function decidePools(params: {
  held: readonly PoolClaim[];
  waiting: readonly PoolClaim[];
  slotsOf(pool: string): number | undefined;
  now: number;
}): PoolDecision {
  const { held, waiting, slotsOf, now } = params;
  const decision: PoolDecision = { grant: [], waiting: new Map() };
  const holders = new Map<string, PoolClaim[]>();
  const add = (claim: PoolClaim) => {
    const of = holders.get(claim.use.name);
    if (of) of.push(claim);
    else holders.set(claim.use.name, [claim]);
  };
  for (const claim of held) add(claim);
  const full = new Set<string>();
  const rank = (claim: PoolClaim) => rankOf(claim.priority, claim.since, now);
  for (const claim of [...waiting].sort((a, b) => rank(b) - rank(a) || a.since - b.since)) {
    const { name, weight } = claim.use;
    const slots = slotsOf(name);
    const of = holders.get(name) ?? [];
    if (slots === undefined || (!full.has(name) && fits(of, weight, slots))) {
      decision.grant.push(claim.id);
      add(claim);
    } else {
      full.add(name);
      decision.waiting.set(claim.id, waitText(claim.use, slots, of));
    }
  }
  return decision;
}

/** Slots that are taken; a claim counts at most the whole pool. */
const taken = (holders: readonly PoolClaim[]): number => holders.reduce((sum, claim) => sum + claim.use.weight, 0);

const fits = (holders: readonly PoolClaim[], weight: number, slots: number): boolean =>
  slots > 0 && taken(holders) + Math.min(weight, slots) <= slots;

function waitText({ name, weight }: PoolUse, slots: number, holders: readonly PoolClaim[]): string {
  if (slots === 0) return `waits for pool ${name}, which is paused (0 slots)`;
  const wants = weight > 1 ? `${weight} slots of pool ${name}` : `pool ${name}`;
  const held = holders.length === 0 ? "" : `, held by ${holders.map((claim) => claim.who).join(", ")}`;
  return `waits for ${wants} (${taken(holders)} of ${slots} ${slots === 1 ? "slot" : "slots"})${held}`;
}
