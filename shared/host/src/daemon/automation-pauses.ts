import { type Storage, select, type Tick, UserError, type WorkspaceGraph } from "@kc/runtime/internal";
import { newId } from "../runs/submit.ts";
import type { DaemonContext } from "./context.ts";

/** Automation of the selected assets requests nothing until the instant (ms), or until it is resumed. */
export interface Pause {
  id: string;
  selection: string;
  until: number | null;
  reason: string | null;
  /** Schedules and sensors do not request them either. */
  all: boolean;
  createdAt: number;
}

const valueName = "automation.pauses";
const longestMs = 365 * 86_400_000;

/** Pauses that hold at the instant, oldest first. */
export async function readPauses(storage: Pick<Storage, "getValue">, now: number): Promise<Pause[]> {
  const text = await storage.getValue(valueName);
  return text ? (JSON.parse(text) as Pause[]).filter((pause) => pause.until === null || pause.until > now) : [];
}

/**
 * Pauses the assets of a selection; a pause of the same selection is replaced.
 * @throws UserError when the selection names no asset, or the time is over a year.
 */
export async function addPause(
  storage: Pick<Storage, "getValue" | "setValue">,
  given: { selection: string; forMs: number | undefined; reason?: string | undefined; all?: boolean | undefined; now: number },
  graph: WorkspaceGraph,
): Promise<Pause> {
  const { selection, forMs, reason, all = false, now } = given;
  if (forMs !== undefined && forMs > longestMs)
    throw new UserError("a pause lasts at most a year", { hint: "Without a time it lasts until kc resume." });
  if (select(graph, selection).length === 0) throw new UserError(`the selection "${selection}" names no asset`);
  const pause: Pause = {
    id: newId(now),
    selection,
    until: forMs === undefined ? null : now + forMs,
    reason: reason ?? null,
    all,
    createdAt: now,
  };
  const others = (await readPauses(storage, now)).filter((one) => one.selection !== selection);
  await storage.setValue(valueName, JSON.stringify([...others, pause]));
  return pause;
}

/** Ends the pauses of that id or selection, all of them for `*`; answers them. */
export async function endPause(storage: Pick<Storage, "getValue" | "setValue">, what: string, now: number): Promise<Pause[]> {
  const pauses = await readPauses(storage, now);
  const ended = pauses.filter((pause) => what === "*" || pause.id === what || pause.selection === what);
  await storage.setValue(valueName, JSON.stringify(pauses.filter((pause) => !ended.includes(pause))));
  return ended;
}

/** The pause of each paused asset; of several the one that lasts longest. */
export function pausedAssets(graph: WorkspaceGraph, pauses: readonly Pause[]): Map<string, Pause> {
  const paused = new Map<string, Pause>();
  const end = (pause: Pause) => pause.until ?? Number.POSITIVE_INFINITY;
  for (const pause of pauses)
    for (const key of selected(graph, pause.selection)) {
      const other = paused.get(key);
      if (!other || end(other) < end(pause)) paused.set(key, pause);
    }
  return paused;
}

/**
 * Why a schedule or sensor does not ask for a run now: a pause of everything holds one of its assets. Undefined when none
 * does.
 */
export async function pausedRun(
  { storage, workspace, clock }: Pick<DaemonContext, "storage" | "workspace" | "clock">,
  { selection }: { selection: string },
): Promise<string | undefined> {
  const pauses = (await readPauses(storage, clock.now())).filter((pause) => pause.all);
  if (pauses.length === 0) return undefined;
  const graph = workspace.graph();
  const paused = pausedAssets(graph, pauses);
  const key = selected(graph, selection).find((one) => paused.has(one));
  if (key === undefined) return undefined;
  const { until, reason } = paused.get(key)!;
  return `${key} is paused ${until === null ? "until kc resume" : `until ${new Date(until).toISOString()}`}${reason ? `: ${reason}` : ""}`;
}

export const asWarning = (message: string): Tick["logs"][number] => ({ level: "warn", message });

/** A selection may name what a later reload has taken away: then it selects nothing. */
function selected(graph: WorkspaceGraph, selection: string): string[] {
  try {
    return select(graph, selection);
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}
