import type { Location, Tick, WorkspaceInfo } from "@kc/host/client";

/** What `kc dev` has told already: a thing is told once when it is bad, and once when it is good again. */
export interface News {
  /** Locations that loaded or do not, problems of the lineage, daemons that fail. Lines without a time. */
  ofWorkspace(workspace: Pick<WorkspaceInfo, "locations" | "problems" | "daemons">): string[];
  /** Schedules and sensors whose ticks begin to fail, or fail no more. Ticks may be given again and in any order. */
  ofTicks(ticks: readonly Tick[]): string[];
}

/** @param since Instant (ISO): what ticked before is no news. */
export function openNews(since: string): News {
  const locations = new Map<string, string>();
  const warnings = new Set<string>();
  let open = new Map<string, string>();
  const lastTicks = new Map<string, { id: number; failed: boolean }>();

  return {
    ofWorkspace(workspace) {
      const lines: string[] = [];
      for (const location of workspace.locations) {
        const state = stateOf(location);
        if (location.status === "loading" || locations.get(location.name) === state) continue;
        locations.set(location.name, state);
        lines.push(locationLine(location));
        for (const warning of location.warnings)
          if (!warnings.has(`${location.name} ${warning}`)) {
            warnings.add(`${location.name} ${warning}`);
            lines.push(`    ! ${warning}`);
          }
      }
      const bad = new Map<string, { told: string; mended: string }>([
        ...workspace.problems.map(
          ({ message }) => [message, { told: message, mended: `mended: ${firstSentence(message)}` }] as const,
        ),
        ...workspace.daemons.flatMap(({ name, error }) =>
          error
            ? [[`daemon ${name}`, { told: `daemon ${name}: ${firstLine(error)}`, mended: `daemon ${name} works again` }] as const]
            : [],
        ),
      ]);
      for (const [key, { told }] of bad) if (!open.has(key)) lines.push(`  ✗ ${told}`);
      for (const [key, mended] of open) if (!bad.has(key)) lines.push(`  ✓ ${mended}`);
      open = new Map([...bad].map(([key, { mended }]) => [key, mended]));
      return lines;
    },
    ofTicks(ticks) {
      const lines: string[] = [];
      for (const tick of [...ticks].sort((a, b) => a.id - b.id)) {
        const key = `${tick.type} ${tick.location} ${tick.name}`;
        const last = lastTicks.get(key);
        if (!tick.endedAt || tick.endedAt < since || (last && last.id >= tick.id)) continue;
        const failed = tick.status === "failed";
        lastTicks.set(key, { id: tick.id, failed });
        if (failed === (last?.failed ?? false)) continue;
        const said = failed
          ? `✗ ${tick.type} ${tick.name}: ${firstLine(tick.error ?? "its tick failed")}`
          : `✓ ${tick.type} ${tick.name} ticks again`;
        lines.push(`${tick.endedAt.slice(11, 19)} ${tick.location.padEnd(11)} ${said}`);
      }
      return lines;
    },
  };
}

/** What was wrong, without what to do about it. */
const firstSentence = (text: string): string => firstLine(text).split(/\.? (?=Did you mean |Give )/)[0]!;
const firstLine = (text: string): string => text.split("\n")[0]!;

/** What a person would see of a location: a load that differs in it is worth a line. */
const stateOf = ({ status, error, loadedAt }: Location): string =>
  JSON.stringify([status, error?.message, error?.where, loadedAt]);

/** One line for a location: what loaded, or why it does not, with the place. */
function locationLine({ name, status, assets, loadMs, error }: Location): string {
  if (status === "loaded")
    return `  ✓ ${name.padEnd(14)} ${assets} ${assets === 1 ? "asset" : "assets"}  (${Math.round(loadMs ?? 0)} ms)`;
  return `  ✗ ${name.padEnd(14)} ${error?.where ? `${error.where}: ` : ""}${error?.message ?? status}${error?.hint ? `\n      ${error.hint}` : ""}`;
}
