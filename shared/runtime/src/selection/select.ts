import { didYouMean, UserError } from "../errors.ts";
import { type AssetNode, reach, type WorkspaceGraph } from "../graph.ts";
import { parseSelection, type Selection } from "./parse.ts";

/**
 * Keys that a selection names, in dependency order.
 * @throws UserError when the selection does not parse, or when a key without wildcard names no asset (with the nearest names).
 */
export function select(graph: WorkspaceGraph, selection: string): string[] {
  const found = evaluate(graph, parseSelection(selection));
  if (found.size * 8 > graph.order.length) return graph.order.filter((key) => found.has(key));
  const place = placesIn(graph);
  return [...found].sort((a, b) => place.get(a)! - place.get(b)!);
}

/**
 * Whether a selection can be evaluated, without evaluating it: thousands of jobs are looked at on every load.
 * @throws UserError as `select` does.
 */
export function checkSelection(graph: WorkspaceGraph, selection: string): void {
  const check = (part: Selection): void => {
    if (part.type === "filter") requireKey(graph, part);
    else if ("of" in part) check(part.of);
    else if ("parts" in part) part.parts.forEach(check);
  };
  check(parseSelection(selection));
}

/** @throws UserError when it is a key without wildcard that names no asset. */
function requireKey(graph: WorkspaceGraph, { name, pattern }: Extract<Selection, { type: "filter" }>): void {
  if (name === "key" && !pattern.includes("*") && !graph.assets.has(pattern))
    throw new UserError(`there is no asset "${pattern}".${didYouMean(pattern, graph.assets.keys())}`, {
      hint: "kc list assets shows all of them.",
    });
}

const places = new WeakMap<WorkspaceGraph, ReadonlyMap<string, number>>();

/** The place of each key in dependency order: to look at few keys must not cost a walk over all. */
function placesIn(graph: WorkspaceGraph): ReadonlyMap<string, number> {
  let found = places.get(graph);
  if (!found) {
    found = new Map(graph.order.map((key, place) => [key, place]));
    places.set(graph, found);
  }
  return found;
}

function evaluate(graph: WorkspaceGraph, selection: Selection): Set<string> {
  switch (selection.type) {
    case "all":
      return new Set(graph.order);
    case "filter":
      return filter(graph, selection);
    case "not": {
      const without = evaluate(graph, selection.of);
      return new Set(graph.order.filter((key) => !without.has(key)));
    }
    case "or":
      return new Set(selection.parts.flatMap((part) => [...evaluate(graph, part)]));
    case "and":
      return selection.parts.map((part) => evaluate(graph, part)).reduce((a, b) => new Set([...a].filter((key) => b.has(key))));
    case "traverse": {
      const from = evaluate(graph, selection.of);
      return new Set([...reach(graph, from, "deps", selection.up), ...reach(graph, from, "dependents", selection.down)]);
    }
    case "roots":
      return ends(graph, selection.of, "deps");
    case "sinks":
      return ends(graph, selection.of, "dependents");
  }
}

/** Roots (or sinks) of the whole graph that feed (or depend on) the selected assets. */
function ends(graph: WorkspaceGraph, of: Selection, direction: "deps" | "dependents"): Set<string> {
  const all = reach(graph, evaluate(graph, of), direction);
  return new Set([...all].filter((key) => graph.assets.get(key)![direction].every((other) => !graph.assets.has(other))));
}

function filter(graph: WorkspaceGraph, of: Extract<Selection, { type: "filter" }>): Set<string> {
  requireKey(graph, of);
  const { name, pattern, value } = of;
  if (name === "key" && !pattern.includes("*")) return new Set([pattern]);
  const match = wildcard(pattern);
  const wanted = value === undefined ? undefined : wildcard(value);
  const test: Record<typeof name, (node: AssetNode) => boolean> = {
    key: (node) => match(node.key),
    group: (node) => match(node.group),
    kind: (node) => node.kinds.some(match),
    owner: (node) => node.owners.some(match),
    location: (node) => match(node.location),
    tag: (node) => Object.entries(node.tags).some(([tag, text]) => match(tag) && (wanted === undefined || wanted(text))),
  };
  return new Set([...graph.assets.values()].filter(test[name]).map((node) => node.key));
}

/** Whether text fits a pattern in which `*` stands for any characters. Linear: a pattern comes from outside. */
function wildcard(pattern: string): (text: string) => boolean {
  if (!pattern.includes("*")) return (text) => text === pattern;
  const parts = pattern.split("*");
  const first = parts[0]!;
  const last = parts.at(-1)!;
  return (text) => {
    if (!text.startsWith(first) || !text.endsWith(last)) return false;
    // Each part between two stars at the first place where it stands: a later one leaves less room for the rest.
    let at = first.length;
    for (const part of parts.slice(1, -1)) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= text.length - last.length;
  };
}
