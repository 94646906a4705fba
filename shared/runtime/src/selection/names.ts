import { didYouMean, UserError } from "../errors.ts";
import type { AssetNode, WorkspaceGraph } from "../graph.ts";
import { type FilterName, parseSelection, type Selection } from "./parse.ts";

type Filter = Extract<Selection, { type: "filter" }>;

const namesOf: Record<Exclude<FilterName, "key" | "tag">, (node: AssetNode) => readonly string[]> = {
  group: (node) => [node.group],
  kind: (node) => node.kinds,
  owner: (node) => node.owners,
  location: (node) => [node.location],
};

/**
 * For a selection that a person typed: a filter without wildcard that names nothing is a mistake, though it selects nothing
 * without one. What programs keep (alert rules, pauses) may name what comes later.
 * @param locations Names of locations, with assets or without.
 * @throws UserError with the nearest names.
 */
export function requireNames(graph: WorkspaceGraph, selection: string, locations: Iterable<string> = []): void {
  for (const filter of filtersOf(parseSelection(selection))) requireName(graph, filter, locations);
}

function filtersOf(selection: Selection): Filter[] {
  if (selection.type === "filter") return [selection];
  if ("parts" in selection) return selection.parts.flatMap(filtersOf);
  return "of" in selection ? filtersOf(selection.of) : [];
}

function requireName(graph: WorkspaceGraph, { name, pattern, value }: Filter, locations: Iterable<string>): void {
  if (name === "key") return;
  const assets = [...graph.assets.values()];
  if (name !== "tag") {
    const known = new Set([...assets.flatMap(namesOf[name]), ...(name === "location" ? locations : [])]);
    missing(pattern, known, name === "location" ? `there is no location "${pattern}"` : `no asset has the ${name} "${pattern}"`);
    return;
  }
  missing(pattern, new Set(assets.flatMap((node) => Object.keys(node.tags))), `no asset has the tag "${pattern}"`);
  if (value === undefined || pattern.includes("*")) return;
  const values = new Set(assets.flatMap((node) => node.tags[pattern] ?? []));
  missing(value, values, `no asset has the tag "${pattern}" with the value "${value}"`);
}

function missing(wanted: string, known: ReadonlySet<string>, message: string): void {
  if (wanted.includes("*") || known.has(wanted)) return;
  const some = [...known].sort().slice(0, 10);
  throw new UserError(`${message}.${didYouMean(wanted, known)}`, {
    hint: some.length === 0 ? "No asset has any." : `There are ${some.join(", ")}${known.size > some.length ? ", …" : ""}.`,
  });
}
