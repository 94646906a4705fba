import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LocationSnapshot, systemClock, UserError } from "@kc/runtime/internal";
import { type Environment, locationEnvironment } from "../environment.ts";
import { readInstanceFile } from "../instance-file.ts";
import { startWorkspace } from "../locations/workspace.ts";
import { findLocations } from "../locations/workspace-file.ts";
import { instancePaths } from "../paths.ts";
import { openConnections } from "../standins/connections.ts";

/**
 * Loads a repository's locations as the platform does, each in its own process, and lets go of everything again.
 * @param home state to use (cached manifests); default: a throw-away one.
 * @throws UserError when a location does not load.
 */
export async function loadSnapshots(
  root: string,
  options: { home?: string; env?: Environment; only?: readonly string[] } = {},
): Promise<LocationSnapshot[]> {
  const home = options.home ?? mkdtempSync(join(tmpdir(), "kc-simulate-"));
  const env = options.env ?? process.env;
  const paths = instancePaths(root, home);
  const report = () => {};
  const { locations } = findLocations(paths.root);
  const entries = locations.filter((entry) => !options.only?.length || options.only.includes(entry.name));
  const settings = readInstanceFile(join(paths.root, "kc.yaml"), env);
  const connections = openConnections({ paths, env, clock: systemClock, report });
  try {
    await connections.add(entries);
    const environmentOf = (entry: (typeof entries)[number]) =>
      locationEnvironment({ root: paths.root, folder: entry.folder, own: env, connections: connections.variablesOf(entry) });
    const workspace = startWorkspace({
      entries,
      all: locations,
      paths,
      environmentOf,
      loadTimeoutMs: settings.locations.load_timeout,
      watch: false,
      writeKeys: false,
      log: report,
      now: () => Date.now(),
    });
    try {
      await workspace.settled();
      return workspace.locations().map(({ entry, snapshot, error }) => {
        // After an error the snapshot is what was there before it: no answer to what happens now.
        if (!snapshot || error)
          throw new UserError(`location ${entry.name} does not load: ${error?.message ?? ""}`, { where: error?.where });
        return snapshot;
      });
    } finally {
      await workspace.stop();
    }
  } finally {
    await connections.stop();
    if (!options.home) rmSync(home, { recursive: true, force: true });
  }
}
