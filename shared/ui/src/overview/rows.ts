import type { Timeline } from "@kc/host/client";
import { rowOf } from "../parts/cause-of.ts";

export interface TimelineRow {
  location: string;
  name: string;
  runs: Timeline["runs"];
  ticks: Timeline["ticks"];
}

/** The runs and ticks of a timeline in rows: one for each job of a location and for whatever else makes runs there. */
export function timelineRows({ runs, ticks }: Pick<Timeline, "runs" | "ticks">): TimelineRow[] {
  const rows = new Map<string, TimelineRow>();
  const at = (location: string, name: string) => {
    const key = `${location}\0${name}`;
    const row = rows.get(key) ?? { location, name, runs: [], ticks: [] };
    rows.set(key, row);
    return row;
  };
  for (const run of runs) at(run.location, rowOf(run)).runs.push(run);
  for (const tick of ticks) at(tick.location, tick.job ? `job ${tick.job}` : `schedule ${tick.name}`).ticks.push(tick);
  return [...rows.values()].sort((a, b) => a.location.localeCompare(b.location) || a.name.localeCompare(b.name));
}

/** Instants of whole hours, quarters or days, at most ten of them between two instants (ms), as marks of an axis. */
export function axisMarks(from: number, to: number): number[] {
  const minute = 60_000;
  const steps = [1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880].map((minutes) => minutes * minute);
  const step = steps.find((one) => (to - from) / one <= 10) ?? steps.at(-1)!;
  const offset = new Date(from).getTimezoneOffset() * minute;
  const first = Math.ceil((from - offset) / step) * step + offset;
  return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, index) => first + index * step);
}
