import type { InstigatorState, InstigatorType, ScheduleSnapshot, SensorSnapshot, Storage } from "@kc/runtime/internal";
import type { LocationState, Workspace } from "../locations/workspace.ts";

/** A schedule or sensor with what is remembered of it. */
export interface Instigator<D> {
  location: LocationState;
  definition: D;
  state: InstigatorState | undefined;
  running: boolean;
}

/** Automation needs no declaration: a location that declares no automation sensor has this one, and it runs. */
export const implicitAutomationSensor: SensorSnapshot = {
  name: "default_automation_sensor",
  type: "automation",
  description: "Evaluates the automation conditions of this location's assets",
  intervalMs: 0,
  selection: "*",
  defaultStatus: "running",
};

export function sensorsOf(location: LocationState): SensorSnapshot[] {
  const declared = location.snapshot?.sensors ?? [];
  const automated = (location.snapshot?.assets ?? []).some((asset) => asset.automation);
  return automated && !declared.some((sensor) => sensor.type === "automation")
    ? [...declared, implicitAutomationSensor]
    : declared;
}

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
