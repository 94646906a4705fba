import type { Storage } from "@kc/runtime/internal";
import type { RunLauncher } from "./runs/launcher.ts";

/**
 * Whether runs go on at this host, or are about to: queued ones that nothing is known to hold, and backfills that have yet to
 * ask for their next. What waits for a limit, a check or a location waits as well for the next host.
 */
export async function goesOn({
  storage,
  launcher,
  waiting,
  leads,
}: {
  storage: Pick<Storage, "queuedRunIds" | "listBackfills">;
  launcher: Pick<RunLauncher, "active">;
  /** What each queued run waits for, as far as it was looked at. */
  waiting(): ReadonlyMap<string, string>;
  leads(): boolean;
}): Promise<boolean> {
  if (launcher.active() > 0) return true;
  if (!leads()) return false;
  const known = waiting();
  if ((await storage.queuedRunIds()).some((id) => !known.has(id))) return true;
  const running = await storage.listBackfills({ statuses: ["running"], limit: 1_000 });
  return running.some(({ open, reason }) => open.length === 0 && reason === null);
}
