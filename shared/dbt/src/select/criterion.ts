import { DbtError, didYouMean, unsupported } from "../errors.ts";
import { type ManifestNode, type ManifestSource, metaOf } from "../manifest.ts";

/** One part of a selection: `2+tag:nightly+1`, `@source:shop.orders`. */
export interface Criterion {
  text: string;
  method: string;
  value: string;
  /** How many generations; Infinity for all. */
  parents: number;
  children: number;
  /** `@`: children, and all parents of those children. */
  childrensParents: boolean;
}

const shape = /^(?<at>@)?(?<parents>\d*\+)?(?:(?<method>[a-z_]+(?:\.[\w.]+)?):)?(?<value>.*?)(?<children>\+\d*)?$/s;

/** @throws DbtError when the text is no criterion. */
export function parseCriterion(text: string): Criterion {
  const groups = shape.exec(text)?.groups;
  const value = groups?.value ?? "";
  if (!groups || value === "" || value.includes("@") || /^\+|\+$/.test(value))
    throw new DbtError("usage", `"${text}" is not a selection`, {
      hint: 'Write a name, "tag:x", "path:models/a", with "+" before or after for parents and children.',
    });
  const depth = (part: string | undefined) =>
    part === undefined ? 0 : part === "+" ? Number.POSITIVE_INFINITY : Number(part.replace("+", ""));
  if (groups.at && (groups.parents || groups.children))
    throw new DbtError("usage", `"${text}": "@" and "+" cannot stand together`);
  const method = groups.method ?? (/[/\\]/.test(value) ? "path" : /\.(sql|csv|py|ya?ml)$/.test(value) ? "file" : "fqn");
  return {
    text,
    method,
    value,
    parents: depth(groups.parents),
    children: depth(groups.children),
    childrensParents: groups.at !== undefined,
  };
}

/** A pattern with `*`, `?` and `[…]`, anchored; backtracking stays linear because stars are merged. */
export function glob(pattern: string): (text: string) => boolean {
  if (!/[*?[]/.test(pattern)) return (text) => text === pattern;
  let source = "";
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]!;
    const close = char === "[" ? pattern.indexOf("]", at + 2) : -1;
    if (char === "*") source += source.endsWith("[^]*") ? "" : "[^]*";
    else if (char === "?") source += "[^]";
    else if (close > 0) {
      source += `[${pattern
        .slice(at + 1, close)
        .replace(/^!/, "^")
        .replaceAll("\\", "\\\\")}]`;
      at = close;
    } else source += char.replace(/[\\^$.|+(){}[\]]/g, "\\$&");
  }
  const compiled = new RegExp(`^${source}$`);
  return (text) => compiled.test(text);
}

type Method = (value: string, argument: string | undefined) => (node: ManifestNode) => boolean;

/** How each method matches a node. `config.x:` has an argument. */
const methods: Record<string, Method> = {
  fqn: (value) => fqnMatches(value),
  tag: (value) => anyOf((node) => [...(node.tags ?? []), ...(node.config.tags ?? [])], value),
  path(value) {
    const path = value
      .replace(/^\.\//, "")
      .replace(/[/\\]$/, "")
      .replaceAll("\\", "/");
    const fits = glob(path);
    const below = glob(`${path}/*`);
    return (node) => fits(node.original_file_path) || below(node.original_file_path);
  },
  file(value) {
    const fits = glob(value);
    return (node) => {
      const base = node.original_file_path.split("/").at(-1)!;
      return fits(base) || fits(base.replace(/\.[^.]+$/, ""));
    };
  },
  source(value) {
    const parts = value.split(".");
    if (parts.length > 3) throw new DbtError("usage", `"source:${value}" has more than package, source and table`);
    const [owner, source, table] = parts.length === 3 ? parts : [undefined, ...parts];
    return (node) =>
      node.resource_type === "source" &&
      glob(source!)((node as ManifestSource).source_name) &&
      (table === undefined || glob(table)(node.name)) &&
      (owner === undefined || glob(owner)(node.package_name));
  },
  exposure(value) {
    const fits = glob(value);
    return (node) => node.resource_type === "exposure" && (fits(node.name) || fits(`${node.package_name}.${node.name}`));
  },
  config(value, argument) {
    if (!argument)
      throw new DbtError("usage", `"config:${value}" names no config`, { hint: 'Write "config.materialized:table".' });
    const path = argument.split(".");
    return (node) => {
      let found: unknown = node.config;
      for (const step of path)
        found = typeof found === "object" && found !== null ? (found as Record<string, unknown>)[step] : undefined;
      if (found === undefined && path[0] === "meta")
        found = path.slice(1).reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], metaOf(node));
      if (Array.isArray(found)) return found.some((item) => String(item) === value);
      if (typeof found === "object" && found !== null) return Object.hasOwn(found, value);
      return found !== undefined && found !== null && String(found).toLowerCase() === value.toLowerCase();
    };
  },
  resource_type: (value) => (node) => node.resource_type === value,
  test_type(value) {
    const kinds = ["generic", "singular", "data", "unit"];
    if (!kinds.includes(value)) throw new DbtError("usage", `test_type: "${value}" is none of ${kinds.join(", ")}`);
    return (node) =>
      node.resource_type === "test" &&
      (value === "data" ||
        ((value === "generic") === (node.test_metadata !== undefined && node.test_metadata !== null) && value !== "unit"));
  },
  test_name: (value) => (node) => node.resource_type === "test" && glob(value)(node.test_metadata?.name ?? ""),
  package: (value) => (node) => glob(value)(node.package_name),
  group: (value) => (node) => node.group === value || node.config.group === value,
  access: (value) => (node) => node.resource_type === "model" && node.access === value,
  version: (value) => (node) =>
    node.resource_type === "model" &&
    node.version !== null &&
    node.version !== undefined &&
    (value === "latest" ? node.version === node.latest_version : String(node.version) === value),
};

const refusedMethods = ["state", "result", "source_status", "metric", "semantic_model", "saved_query", "unit_test", "selector"];

/** The nodes a criterion names, before its graph operators. */
export function matches(criterion: Criterion): (node: ManifestNode) => boolean {
  const [name, ...argument] = criterion.method.split(".");
  if (refusedMethods.includes(name!)) throw unsupported(`the selection method "${name}:"`);
  const method = Object.hasOwn(methods, name!) ? methods[name!] : undefined;
  if (!method)
    throw new DbtError(
      "usage",
      `"${criterion.text}": there is no selection method "${name}".${didYouMean(name!, Object.keys(methods))}`,
    );
  return method(criterion.value, argument.length > 0 ? argument.join(".") : undefined);
}

function anyOf(values: (node: ManifestNode) => string[], value: string): (node: ManifestNode) => boolean {
  const fits = glob(value);
  return (node) => values(node).some(fits);
}

/** A name, or the beginning of the fully qualified name with or without the package. */
function fqnMatches(value: string): (node: ManifestNode) => boolean {
  const wanted = value.split(".");
  const parts = wanted.map(glob);
  const last = glob(value);
  return (node) => {
    if (node.resource_type === "source" || node.resource_type === "exposure") return false;
    const versioned = node.version !== null && node.version !== undefined;
    const fqn = versioned ? node.fqn.slice(0, -1) : node.fqn;
    if (last(fqn.at(-1) ?? "") || (versioned && last(node.fqn.slice(-2).join(".")))) return true;
    return [fqn, fqn.slice(1), ...(versioned ? [node.fqn, node.fqn.slice(1)] : [])].some(
      (path) => path.length >= parts.length && parts.every((fits, index) => fits(path[index]!)) && parts.length <= path.length,
    );
  };
}
