import { DbtError, didYouMean } from "../errors.ts";
import type { ManifestNode, ManifestSource } from "../manifest.ts";

/** The node that `ref('name')` or `ref('package', 'name')` means. */
export function lookupRef(
  args: readonly string[],
  nodes: Iterable<ManifestNode>,
  disabled: Iterable<ManifestNode>,
  where: string | undefined,
): ManifestNode {
  const [name, owner] = [args.at(-1)!, args.length > 1 ? args[0] : undefined];
  const fits = (node: ManifestNode) =>
    node.name === name &&
    ["model", "seed", "snapshot"].includes(node.resource_type) &&
    (owner === undefined || node.package_name === owner);
  const list = [...nodes];
  const found = list.find(fits);
  if (found) return found;
  const off = [...disabled].find(fits);
  if (off)
    throw new DbtError("compile", `ref('${name}') names a ${off.resource_type} that is disabled (${off.original_file_path})`, {
      where,
    });
  const names = list.filter((node) => node.resource_type !== "test").map((node) => node.name);
  throw new DbtError("compile", `ref('${args.join("', '")}') finds no model or seed with this name.${didYouMean(name, names)}`, {
    where,
  });
}

/** The source table that `source('source', 'table')` means. */
export function lookupSource(
  args: readonly string[],
  sources: Iterable<ManifestSource>,
  where: string | undefined,
): ManifestSource {
  const list = [...sources];
  const found = list.find((source) => source.source_name === args[0] && source.name === args[1]);
  if (found) return found;
  const wanted = args.join(".");
  throw new DbtError(
    "compile",
    `source('${args.join("', '")}') finds no source table with this name.${didYouMean(
      wanted,
      list.map((source) => `${source.source_name}.${source.name}`),
    )}`,
    { where },
  );
}
