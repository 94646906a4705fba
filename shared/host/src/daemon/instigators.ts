import type { InstigatorState, InstigatorType, NewEvent, ScheduleSnapshot, SensorSnapshot, Storage } from "@kc/runtime/internal";
import type { LocationState, Workspace } from "../locations/workspace.ts";
import type { DaemonContext } from "./context.ts";

/** A schedule or sensor with what is remembered of it. */
export interface Instigator<D> {
  location: LocationState;
  definition: D;
  state: InstigatorState | undefined;
  running: boolean;
}

/** Automation needs no declaration: a location that declares no automation sensor for all its assets has this one for the rest, and it runs. */
export const implicitAutomationSensor: SensorSnapshot = {
  name: "default_automation_sensor",
  type: "automation",
  description: "Evaluates the automation conditions of this location's assets",
  intervalMs: 0,
  selection: "*",
  defaultStatus: "running",
};

/** How long (ms) the state of a schedule or sensor is kept that its location loads without: someone may be editing. */
export const forgetAfterMs = 86_400_000;

export function sensorsOf(location: LocationState): SensorSnapshot[] {
  const declared = location.snapshot?.sensors ?? [];
  const automated = (location.snapshot?.assets ?? []).some((asset) => asset.automation);
  return automated && !declared.some((sensor) => sensor.type === "automation" && sensor.selection === "*")
    ? [...declared, implicitAutomationSensor]
    : declared;
}

export const identityOf = ({ location, definition }: Instigator<ScheduleSnapshot | SensorSnapshot>) => ({
  location: location.entry.name,
  name: definition.name,
  type: "cron" in definition ? ("schedule" as const) : ("sensor" as const),
});

/** All schedules (or sensors) of the workspace with their states. */
export async function instigators<T extends InstigatorType>(
  workspace: Workspace,
  storage: Storage,
  type: T,
): Promise<Instigator<T extends "schedule" ? ScheduleSnapshot : SensorSnapshot>[]> {
  const states = new Map((await storage.instigators()).map((state) => [`${state.location}\0${state.name}`, state]));
  return workspace.locations().flatMap((location) => {
    const definitions = type === "schedule" ? (location.snapshot?.schedules ?? []) : sensorsOf(location);
    return definitions.map((definition) => {
      const state = states.get(`${location.entry.name}\0${definition.name}`);
      return {
        location,
        definition: definition as never,
        state,
        running: (state?.status ?? definition.defaultStatus) === "running",
      };
    });
  });
}

/** What happened to a schedule or sensor by hand or by a change of its code, as an event of the log. */
const changed = (
  at: number,
  { location, name, type }: Pick<InstigatorState, "location" | "name" | "type">,
  change: string,
  more: Record<string, unknown> = {},
): NewEvent => ({
  type: "instigator_changed",
  at,
  message: `${type} ${location}/${name} ${change}`,
  fields: { location, name, type, change: change.split(" ")[0], ...more },
});

/**
 * Brings what is remembered in line with the definitions that are loaded: state moves to the new name of what was renamed,
 * and what its location loads without is forgotten after a day. A location that does not load keeps everything.
 */
export async function reconcileInstigators({ workspace, storage, log, clock }: DaemonContext): Promise<void> {
  const now = clock.now();
  const states = await storage.instigators();
  const find = (location: string, name: string) => states.find((state) => state.location === location && state.name === name);
  for (const location of workspace.locations()) {
    if (location.status !== "loaded") continue;
    const own = location.entry.name;
    const living: { name: string; formerly?: string[] }[] = [...(location.snapshot?.schedules ?? []), ...sensorsOf(location)];
    const names = new Set(living.map(({ name }) => name));
    // A former location that is there after all keeps what is its own.
    const former = (location.snapshot?.formerly ?? []).filter((name) => !workspace.location(name));
    for (const { name, formerly = [] } of living) {
      const candidates = [own, ...former].flatMap((from) => [name, ...formerly].map((old) => find(from, old)));
      const from = candidates.find((state) => state && !(state.location === own && names.has(state.name)));
      const present = find(own, name);
      // One that has ticked or was turned on or off under its new name has a history of its own.
      if (!from || present?.status || present?.lastTickAt || present?.cursor) continue;
      const to = { location: own, name };
      await storage.renameInstigator(from, to);
      await log.append([changed(now, { ...to, type: from.type }, `renamed from ${from.location}/${from.name}`)]);
      Object.assign(from, to);
    }
    for (const state of states.filter((one) => one.location === own)) {
      const { name, type } = state;
      const identity = { location: own, name, type };
      if (names.has(name)) {
        // Back again: ticks of the time without it do not count.
        if (state.goneAt !== null)
          await storage.setInstigator({ ...identity, goneAt: null, ...(type === "schedule" ? { since: now } : {}) });
      } else if (state.goneAt === null) await storage.setInstigator({ ...identity, goneAt: now });
      else if (now - state.goneAt >= forgetAfterMs) {
        await storage.forgetInstigator(state);
        await log.append([changed(now, identity, "forgotten: its location loads without it for a day")]);
      }
    }
  }
}

/** Turns a schedule or sensor on or off. Turned on anew it starts from now: what it missed while it was off does not count. */
export async function turnInstigator(
  { storage, log, clock }: Pick<DaemonContext, "storage" | "log" | "clock">,
  instigator: Instigator<ScheduleSnapshot | SensorSnapshot>,
  running: boolean,
): Promise<void> {
  const identity = identityOf(instigator);
  const now = clock.now();
  await log.append([changed(now, identity, running ? "on" : "off", { before: instigator.running ? "on" : "off" })]);
  await storage.setInstigator({
    ...identity,
    status: running ? "running" : "stopped",
    ...(running && !instigator.running && identity.type === "schedule" ? { since: now } : {}),
  });
}

/** Sets a sensor's cursor back: it begins as a new one. Its run keys stay spent. */
export async function resetCursor(
  { storage, log, clock }: Pick<DaemonContext, "storage" | "log" | "clock">,
  sensor: Instigator<SensorSnapshot>,
): Promise<void> {
  const identity = identityOf(sensor);
  await log.append([changed(clock.now(), identity, "cursor reset", { before: sensor.state?.cursor ?? null })]);
  await storage.setInstigator({ ...identity, cursor: null });
}
