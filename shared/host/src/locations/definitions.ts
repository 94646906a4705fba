import { buildGraph, type LocationSnapshot, type WorkspaceGraph } from "@kc/runtime/internal";
import { readAssetKeys } from "./asset-keys.ts";
import type { findLocations } from "./workspace-file.ts";

/** What the locations define, as far as settings name it. */
export interface Definitions {
  graph: WorkspaceGraph;
  /** Those that are loaded. */
  locations: readonly LocationSnapshot[];
  /** All locations of workspace.yaml, loaded or not. */
  names: readonly string[];
}

/** Definitions of a workspace from those of its locations that are loaded; of the others the committed keys count. */
export function definitionsOf(
  snapshots: readonly LocationSnapshot[],
  { locations, problems }: ReturnType<typeof findLocations>,
): Definitions {
  const remembered = locations.map((entry) => ({ location: entry.name, keys: readAssetKeys(entry)?.assets ?? [] }));
  return {
    graph: buildGraph(snapshots, remembered).graph,
    locations: snapshots,
    names: [...locations, ...problems].map(({ name }) => name),
  };
}

/** Whether every location is loaded: what is not there may else stand in one that is not. */
export const isComplete = ({ locations, names }: Definitions): boolean =>
  names.every((name) => locations.some((one) => one.name === name));
