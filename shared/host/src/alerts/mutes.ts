import { didYouMean, parseSelection, type Storage, select, UserError, type WorkspaceGraph } from "@kc/runtime/internal";
import { newId } from "../runs/submit.ts";

/** Nothing is told about it until the instant (ms): by rule, or by asset selection. */
export interface Mute {
  id: string;
  rule: string | null;
  selection: string | null;
  until: number;
}

const valueName = "alerts.mutes";
const longestMs = 365 * 24 * 3_600_000;

/** Mutes that hold at the instant. */
export async function readMutes(storage: Pick<Storage, "getValue">, now: number): Promise<Mute[]> {
  const text = await storage.getValue(valueName);
  return text ? (JSON.parse(text) as Mute[]).filter((mute) => mute.until > now) : [];
}

/**
 * Mutes the rule of that name, or the assets of that selection.
 * @throws UserError when it is neither.
 */
export async function addMute(
  storage: Storage,
  {
    what,
    forMs,
    now,
    rules,
    graph,
  }: { what: string; forMs: number; now: number; rules: readonly string[]; graph: WorkspaceGraph },
): Promise<Mute> {
  if (forMs > longestMs)
    throw new UserError("a mute lasts at most a year", { hint: "A rule that is never wanted is deleted from kc.yaml." });
  const isRule = rules.includes(what);
  if (!isRule) checkSelection(what, rules, graph);
  const mute: Mute = { id: newId(now), rule: isRule ? what : null, selection: isRule ? null : what, until: now + forMs };
  const others = (await readMutes(storage, now)).filter((one) => one.rule !== mute.rule || one.selection !== mute.selection);
  await storage.setValue(valueName, JSON.stringify([...others, mute]));
  return mute;
}

function checkSelection(what: string, rules: readonly string[], graph: WorkspaceGraph): void {
  try {
    parseSelection(what);
    if (select(graph, what).length > 0) return;
  } catch (error) {
    throw new UserError(
      `there is no alert rule "${what}".${didYouMean(what, rules)} As a selection: ${(error as Error).message}`,
    );
  }
  throw new UserError(`there is no alert rule "${what}", and as a selection it names no asset.${didYouMean(what, rules)}`);
}

/** Ends the mutes of that id, rule or selection; answers how many. */
export async function endMute(storage: Storage, what: string, now: number): Promise<number> {
  const mutes = await readMutes(storage, now);
  const rest = mutes.filter((mute) => ![mute.id, mute.rule, mute.selection].includes(what));
  await storage.setValue(valueName, JSON.stringify(rest));
  return mutes.length - rest.length;
}
