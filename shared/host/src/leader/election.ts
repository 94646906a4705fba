import { type Lease, LeaseLost, type LeaseStorage } from "@kc/runtime/internal";
import { type Holder, hasEnded, readHolder } from "./holder.ts";

export const leaseName = "daemon";

/** Who led before, as far as it matters to what it left. */
export interface Predecessor {
  holder: Holder | undefined;
  /** It led no more when this host took over: it gave up the lease, or its process is gone. Else it may only be paused. */
  ended: boolean;
}

export interface Term {
  number: number;
  predecessor: Predecessor | undefined;
  /**
   * Resolves while nobody else can have taken the lease, by a clock that goes on while this process is paused. Called right
   * before what cannot be taken back.
   * @throws LeaseLost when another host leads.
   */
  confirm(): Promise<void>;
}

export interface Election {
  /** Resolves when this host has begun to lead or knows that another does. */
  decided: Promise<void>;
  /** The lease as last seen, and whether this host holds it. */
  lease(): { leads: boolean; term: number; holder: Holder | undefined } | undefined;
  /** Gives the lease up at once and wants it no more. */
  stop(): Promise<void>;
}

/**
 * Stands for the lease of the daemon, and holds it as long as it can. The lease is taken when nobody has it, when it was
 * given up, when its holder's process on this machine is gone, and when it has stood still for `ttlMs` by this host's own
 * steady clock: nobody's clock is compared with another's.
 */
export function startElection(params: {
  storage: LeaseStorage;
  holder(): Holder;
  ttlMs: number;
  /** Starts to lead. @throws what keeps it from it: the lease is given up then. */
  lead(term: Term): Promise<void>;
  /** Another host leads: whatever goes on is ended at once and written nowhere. */
  depose(): Promise<void>;
  report(line: string): void;
  /** Milliseconds that only grow. */
  steady?(): number;
}): Election {
  const { storage, ttlMs, report } = params;
  const steady = params.steady ?? (() => performance.now());
  const everyMs = Math.min(1_000, ttlMs / 5);
  let seen: { lease: Lease; at: number } | undefined;
  let held: { term: number; renewedAt: number } | undefined;
  let stopped = false;
  let poke = () => {};
  let decide = (_how: { error?: unknown }): void => {};
  const decided = new Promise<void>((resolve, reject) => {
    decide = ({ error }) => (error === undefined ? resolve() : reject(error));
  });
  // Only the start waits for it.
  decided.catch(() => undefined);

  const renew = async (): Promise<void> => {
    if (!held) return;
    const { term } = held;
    const at = steady();
    if (await storage.renewLease(leaseName, term)) held = { term, renewedAt: at };
    else await lost(term);
  };
  const lost = async (term: number): Promise<void> => {
    if (held?.term !== term) return;
    held = undefined;
    seen = undefined;
    report(`another host leads: what went on here in term ${term} is ended`);
    await params.depose();
  };
  const confirm = async (term: number): Promise<void> => {
    while (!held || held.term !== term || steady() - held.renewedAt >= ttlMs) {
      if (held?.term !== term) throw new LeaseLost(leaseName, term);
      await renew();
    }
  };
  /** Why the lease may be taken as it stands, or undefined. */
  const free = (lease: Lease | null): Predecessor | "nobody" | undefined => {
    if (!lease) return "nobody";
    const holder = readHolder(lease.holder);
    if (lease.released || hasEnded(holder)) return { holder, ended: true };
    if (seen?.lease.term === lease.term && seen.lease.beat === lease.beat)
      return steady() - seen.at >= ttlMs ? { holder, ended: false } : undefined;
    seen = { lease, at: steady() };
    return undefined;
  };
  const stand = async (): Promise<void> => {
    const lease = await storage.lease(leaseName);
    const before = free(lease);
    if (!before) return decide({});
    const at = steady();
    const taken = await storage.takeLease(leaseName, JSON.stringify(params.holder()), lease);
    if (!taken || stopped) return;
    held = { term: taken.term, renewedAt: at };
    seen = { lease: taken, at };
    const { term } = taken;
    const beat = setInterval(() => void renew().catch(() => undefined), everyMs);
    try {
      await params.lead({
        number: term,
        predecessor: before === "nobody" ? undefined : before,
        confirm: () => confirm(term),
      });
      decide({});
    } catch (error) {
      const was = held?.term === term;
      held = undefined;
      await params.depose();
      if (was) await storage.releaseLease(leaseName, term).catch(() => undefined);
      if (!(error instanceof LeaseLost)) throw error;
    } finally {
      clearInterval(beat);
    }
  };
  const running = (async () => {
    while (!stopped) {
      try {
        await (held ? renew() : stand());
      } catch (error) {
        // While the storage is away nobody's standing still can be told.
        if (!held) seen = undefined;
        decide({ error });
        report(`the lease: ${(error as Error).message}`);
      }
      if (stopped) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs);
        poke = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  })();
  const unlisten = storage.changes(() => {
    // A lease that was given up is news; one's own is renewed by time.
    if (!held) poke();
  });

  return {
    decided,
    lease() {
      if (held) return { leads: true, term: held.term, holder: params.holder() };
      return seen ? { leads: false, term: seen.lease.term, holder: readHolder(seen.lease.holder) } : undefined;
    },
    async stop() {
      stopped = true;
      poke();
      await unlisten?.();
      await running;
      const term = held?.term;
      held = undefined;
      if (term !== undefined) await storage.releaseLease(leaseName, term).catch(() => undefined);
    },
  };
}
