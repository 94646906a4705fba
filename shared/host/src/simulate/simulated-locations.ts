import {
  assembleLocation,
  errorText,
  type LoadedLocation,
  type LocationDefinition,
  type LocationSnapshot,
} from "@kc/runtime/internal";
import { evaluateTick } from "../code-server/tick.ts";
import { redactor } from "../secrets/redactor.ts";
import { secretValues } from "../secrets/secret-values.ts";
import type { SimulatedFunction } from "./static-workspace.ts";

export type SimulatedLocation = LocationSnapshot | LocationDefinition;

/** The definitions of a simulation and what answers the functions of their schedules and sensors. */
export function simulatedLocations(
  given: readonly SimulatedLocation[],
  options: { functions?: SimulatedFunction | undefined; env?: Readonly<Record<string, string | undefined>> | undefined },
): { locations: LocationSnapshot[]; functions: SimulatedFunction } {
  const loaded = new Map<string, LoadedLocation>();
  const locations = given.map((one) => {
    if (!("kind" in one)) return options.functions ? one : withoutFunctions(one);
    const location = assembleLocation(one);
    loaded.set(location.name, location);
    return location.snapshot;
  });
  const functions: SimulatedFunction = async (location, question) => {
    if (options.functions) return options.functions(location, question);
    const found = loaded.get(location);
    if (!found) return { skip: "its function does not run in this simulation" };
    const env = options.env ?? {};
    const answer = await evaluateTick(found, question, {
      paths: { name: location, projectRoot: "", workspaceRoot: "", stateDir: "" },
      env,
      secrets: redactor(secretValues(env, found.snapshot.secrets)),
      signal: new AbortController().signal,
      logs: [],
      describe: (error) => ({ message: errorText(error), where: "" }),
    });
    return { ...answer.result, ...(answer.failures ? { failures: answer.failures } : {}) };
  };
  return { locations, functions };
}

/** Without the code that answers them, sensors with functions of their own rest. */
const withoutFunctions = (location: LocationSnapshot): LocationSnapshot => ({
  ...location,
  sensors: location.sensors.filter(({ type }) => type === "automation" || type === "freshness"),
});
