import { type Storage, UserError } from "@kc/runtime/internal";
import type { Daemon } from "../daemon/daemon.ts";
import type { RunLauncher } from "../runs/launcher.ts";
import { type Election, startElection, type Term } from "./election.ts";
import type { Holder } from "./holder.ts";

/** What a host does while it leads. */
export interface Session {
  daemon: Daemon;
  launcher: RunLauncher;
}

export interface LeaderState {
  leads: boolean;
  term: number;
  /** Null: written by a kc that says it otherwise. */
  host: string | null;
  pid: number | null;
  url: string | null;
  since: number | null;
}

export interface Leadership {
  /** Who leads now; undefined while that is not known. */
  leader(): LeaderState | undefined;
  /** @throws UserError naming the leader when this host stands by. */
  requireLead(what: string): void;
  daemon: Daemon;
  launcher: RunLauncher;
  /** Leads if it may; resolves once that is known. @throws what keeps this host from leading. */
  start(): Promise<void>;
  /** Ends what goes on and hands over at once. */
  stop(): Promise<void>;
}

/**
 * Leads, or stands by until it may. The daemon and the launcher that are given out are those of the term that goes on;
 * while another host leads they have nothing, and refuse what only the leader can do.
 */
export function openLeadership(params: {
  storage: Storage;
  /** Other processes may write to the storage: without them there is nobody to agree with. */
  shared: boolean;
  holder(): Holder;
  ttlMs: number;
  ticks: Daemon["ticks"];
  begin(term: Term | undefined): Promise<Session>;
  report(line: string): void;
}): Leadership {
  const { report } = params;
  let session: Session | undefined;
  let election: Election | undefined;
  let since = 0;
  const holder = () => ({ ...params.holder(), since });
  const leader = (): LeaderState | undefined => {
    const lease = election ? election.lease() : { leads: true, term: 0, holder: holder() };
    if (!lease) return undefined;
    const { host = null, pid = null, url = null, since = null } = lease.holder ?? {};
    return { leads: lease.leads, term: lease.term, host, pid, url, since };
  };
  const requireLead = (what: string) => {
    if (session) return;
    const now = leader();
    const who = now?.host ? `${now.host} (process ${now.pid}, ${now.url})` : "another host";
    throw new UserError(`this host stands by: ${who} leads, and ${what} is for the leader`, {
      hint: "Ask the host that leads; /api/health tells which one it is.",
    });
  };
  const end = async (how: (session: Session) => Promise<unknown>) => {
    const ending = session;
    session = undefined;
    if (ending) await how(ending);
  };

  return {
    leader,
    requireLead,
    async start() {
      if (params.shared) {
        election = startElection({
          storage: params.storage,
          holder,
          ttlMs: params.ttlMs,
          report,
          async lead(term) {
            since = Date.now();
            session = await params.begin(term);
            report(`leads, in term ${term.number}`);
          },
          depose: () =>
            end(async ({ daemon, launcher }) => {
              await launcher.abandon();
              await daemon.stop();
            }),
        });
        await election.decided;
        if (!session) report(`stands by: ${leader()?.host ?? "another host"} (process ${leader()?.pid ?? "?"}) leads`);
      } else {
        since = Date.now();
        session = await params.begin(undefined);
      }
    },
    daemon: {
      get loops() {
        return session?.daemon.loops ?? [];
      },
      get evaluations() {
        return session?.daemon.evaluations ?? new Map();
      },
      ticks: params.ticks,
      pulse: {
        of: (loop) => session?.daemon.pulse.of(loop) ?? { heartbeatAt: loop.heartbeat().at, problem: undefined },
        stop() {},
      },
      waiting: () => session?.daemon.waiting() ?? new Map(),
      async tickNow(instigator) {
        requireLead("a tick by hand");
        return session!.daemon.tickNow(instigator);
      },
      wake: () => session?.daemon.wake(),
      wakeQueue: () => session?.daemon.wakeQueue(),
      going: () => session?.daemon.going() ?? [],
      async stop() {},
    },
    launcher: {
      launch: async (run) => session?.launcher.launch(run),
      cancel: (id) => session?.launcher.cancel(id) ?? false,
      elsewhere: () => session === undefined,
      active: () => session?.launcher.active() ?? 0,
      async recover() {},
      async abandon() {},
      async stop() {},
    },
    async stop() {
      await end(async ({ daemon, launcher }) => {
        await daemon.stop();
        await launcher.stop();
      });
      await election?.stop();
    },
  };
}
