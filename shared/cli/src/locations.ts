import { type CommandContext, UsageError } from "./command.ts";
import { nearOrAll } from "./nearest-name.ts";

/** @throws UsageError at a name that is no location of workspace.yaml. */
export async function knownLocations(context: CommandContext, names: readonly string[]): Promise<readonly string[]> {
  if (names.length === 0) return names;
  const { findLocations } = await import("@kc/host/workspace");
  const { locations, problems } = findLocations(context.root);
  const all = [...locations, ...problems].map((one) => one.name);
  for (const name of names)
    if (!all.includes(name)) throw new UsageError(`there is no location "${name}".${nearOrAll(name, all)}`);
  return names;
}
