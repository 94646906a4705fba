import {
  type Clock,
  decidePools,
  didYouMean,
  type PlannedRun,
  type PoolClaim,
  type PoolUse,
  priorityOf,
  type Run,
  type Storage,
  UserError,
} from "@kc/runtime/internal";

export type PoolGranularity = "step" | "run";

/** Pools as kc.yaml has them. */
export interface PoolSettings {
  granularity: PoolGranularity;
  defaultLimit: number | undefined;
  pools: Record<string, { slots: number | undefined; granularity: PoolGranularity | undefined }>;
}

export interface PoolState {
  name: string;
  /** Undefined: no limit. */
  slots: number | undefined;
  /** Where the limit comes from. */
  by: "command" | "kc.yaml" | "default" | "none";
  granularity: PoolGranularity;
  /** A step of the workspace takes slots of it. */
  used: boolean;
  taken: number;
  holders: { runId: string; step: string; weight: number }[];
  waiting: { runId: string; step: string; weight: number; text: string }[];
}

/** Slots of all pools, over all runs and locations. They live as long as the host: no run outlives it. */
export interface Pools {
  /** Reads the limits that were set by hand. */
  open(): Promise<void>;
  slotsOf(pool: string): number | undefined;
  /** What a whole run takes: of each pool of granularity run the heaviest of its steps. */
  ofRun(plan: PlannedRun): PoolUse[];
  /** @throws UserError when a step asks for more slots than its pool has. */
  check(plan: PlannedRun): void;
  /** Asks for a step's slots; `granted` is called once, at once where there are any, `waits` when there are none yet. */
  ask(run: Run, step: string, use: PoolUse, then: { granted(): void; waits(text: string, use: PoolUse): void }): void;
  release(runId: string, step: string): void;
  /** Everything that a run holds or waits for; the waiting alone when it is cancelled. */
  releaseRun(runId: string, waitingOnly?: boolean): void;
  /** What the steps of a run wait for. */
  waitsOf(runId: string): ReadonlyMap<string, string>;
  states(going: readonly Run[]): PoolState[];
  /** Sets a limit that stays, or takes it back with undefined: kc.yaml's counts again then. */
  set(name: string, slots: number | undefined): Promise<void>;
}

const stored = "pools";

/** The `pools:` of kc.yaml: two settings, and limits under the names of pools. */
export function poolSettings({
  granularity,
  default_limit,
  ...pools
}: {
  granularity: PoolGranularity;
  default_limit?: number | undefined;
  [pool: string]: unknown;
}): PoolSettings {
  const limits = Object.entries(pools) as [string, number | PoolSettings["pools"][string]][];
  return {
    granularity,
    defaultLimit: default_limit,
    pools: Object.fromEntries(
      limits.map(([name, limit]) => [name, typeof limit === "number" ? { slots: limit, granularity: undefined } : limit]),
    ),
  };
}

/** Pools without any limit: a simulation's, whose steps take no time of their own. */
export const noPools: PoolSettings = { granularity: "step", defaultLimit: undefined, pools: {} };

export function openPools(deps: {
  storage: Pick<Storage, "getValue" | "setValue">;
  clock: Clock;
  settings: PoolSettings;
  /** Names that steps of the workspace use. */
  used(): Iterable<string>;
  /** A limit changed or slots became free: whoever waits with a whole run looks again. */
  wake(): void;
}): Pools {
  const { settings, clock } = deps;
  let byHand: Record<string, number> = {};
  type Claim = PoolClaim & { runId: string; step: string; granted(): void };
  const held = new Map<string, Claim>();
  const waiting = new Map<string, Claim>();
  let texts: ReadonlyMap<string, string> = new Map();

  const slotsOf = (name: string): number | undefined => byHand[name] ?? settings.pools[name]?.slots ?? settings.defaultLimit;
  const sourceOf = (name: string): PoolState["by"] => {
    if (byHand[name] !== undefined) return "command";
    if (settings.pools[name]?.slots !== undefined) return "kc.yaml";
    return settings.defaultLimit === undefined ? "none" : "default";
  };
  const granularityOf = (name: string): PoolGranularity => settings.pools[name]?.granularity ?? settings.granularity;
  const idOf = (runId: string, step: string) => `${runId} ${step}`;
  const grant = () => {
    const decision = decidePools({ held: [...held.values()], waiting: [...waiting.values()], slotsOf, now: clock.now() });
    texts = decision.waiting;
    for (const id of decision.grant) {
      const claim = waiting.get(id)!;
      waiting.delete(id);
      held.set(id, claim);
      claim.granted();
    }
  };
  const ofRun = (plan: PlannedRun): PoolUse[] => {
    const most = new Map<string, number>();
    for (const { pool } of plan.steps)
      if (pool && granularityOf(pool.name) === "run") most.set(pool.name, Math.max(pool.weight, most.get(pool.name) ?? 0));
    return [...most].map(([name, weight]) => ({ name, weight }));
  };
  const names = (): string[] =>
    [...new Set([...Object.keys(settings.pools), ...Object.keys(byHand), ...deps.used()])].sort((a, b) => a.localeCompare(b));

  return {
    async open() {
      byHand = JSON.parse((await deps.storage.getValue(stored)) ?? "{}") as Record<string, number>;
    },
    slotsOf,
    ofRun,
    check(plan) {
      for (const { name, pool } of plan.steps) {
        const slots = pool && slotsOf(pool.name);
        // A pool of no slots is paused: what asks for it waits until it is opened.
        if (slots && pool.weight > slots)
          throw new UserError(
            `step "${name}" takes ${pool.weight} slots of pool "${pool.name}", which has ${slots}: it could never run`,
            { hint: `Lower its weight, or raise the limit: kc pools set ${pool.name} ${pool.weight}` },
          );
      }
    },
    ask(run, step, use, then) {
      // The run itself holds the slots of a pool of granularity run.
      if (granularityOf(use.name) === "run" || slotsOf(use.name) === undefined) return then.granted();
      const id = idOf(run.id, step);
      const who = `run ${run.id} step ${step}`;
      waiting.set(id, {
        id,
        who,
        use,
        priority: priorityOf(run.tags),
        since: clock.now(),
        runId: run.id,
        step,
        granted: then.granted,
      });
      grant();
      const text = texts.get(id);
      if (text) then.waits(text, use);
    },
    release(runId, step) {
      const id = idOf(runId, step);
      if (held.delete(id) || waiting.delete(id)) grant();
    },
    releaseRun(runId, waitingOnly = false) {
      let found = false;
      for (const claims of waitingOnly ? [waiting] : [waiting, held])
        for (const [id, claim] of claims)
          if (claim.runId === runId) {
            claims.delete(id);
            found = true;
          }
      if (found) grant();
    },
    waitsOf: (runId) =>
      new Map([...waiting.values()].flatMap(({ id, runId: of, step }) => (of === runId ? [[step, texts.get(id) ?? ""]] : []))),
    states: (going) => {
      const used = new Set(deps.used());
      return names().map((name) => {
        const granularity = granularityOf(name);
        const slots = slotsOf(name);
        const of = (claims: Iterable<Claim>) => [...claims].filter((claim) => claim.use.name === name);
        const holders =
          granularity === "run"
            ? going.flatMap((run) =>
                ofRun(run.plan).flatMap((use) => (use.name === name ? [{ runId: run.id, step: "", weight: use.weight }] : [])),
              )
            : of(held.values()).map(({ runId, step, use }) => ({ runId, step, weight: use.weight }));
        return {
          name,
          slots,
          by: sourceOf(name),
          granularity,
          used: used.has(name),
          taken: holders.reduce((sum, one) => sum + one.weight, 0),
          holders,
          waiting: of(waiting.values()).map(({ id, runId, step, use }) => ({
            runId,
            step,
            weight: use.weight,
            text: texts.get(id) ?? "",
          })),
        };
      });
    },
    async set(name, slots) {
      const next = { ...byHand };
      if (slots === undefined) {
        if (next[name] === undefined)
          throw new UserError(`no limit of pool "${name}" was set by hand.${didYouMean(name, Object.keys(byHand))}`, {
            hint: "What kc.yaml says is changed there.",
          });
        delete next[name];
      } else next[name] = slots;
      await deps.storage.setValue(stored, JSON.stringify(next));
      byHand = next;
      grant();
      deps.wake();
    },
  };
}
