import { call, constant, isNode, literalOf, type Node, nodes } from "./ast.ts";
import { atMark } from "./duck-text.ts";
import { DialectError, unsupported } from "./errors.ts";
import { functions, mapFunction } from "./functions.ts";
import { cut, integer } from "./mapping.ts";

/** What a query reads. The one who runs it makes a view of that name. */
export type Source = { view: string } & (
  | { kind: "table"; name: string[]; at?: { version: number } | { time: string } }
  | { kind: "files"; format: string; path: string; options: Record<string, string> }
);

export interface Context {
  sources: Source[];
  prefix: string;
  user: string;
  /** Qualified names, lower case, that columns may be qualified with. */
  qualifiers: Set<string>;
}

/** Adds the names of the tables that have no alias. */
export function collectQualifiers(value: unknown, context: Context): void {
  if (Array.isArray(value)) for (const item of value) collectQualifiers(item, context);
  if (!isNode(value)) return;
  if (value.type === "BASE_TABLE" && value.alias === "") context.qualifiers.add(tableName(value).join(".").toLowerCase());
  for (const child of Object.values(value)) collectQualifiers(child, context);
}

const tableName = (node: Node): string[] =>
  [node.catalog_name, node.schema_name, String(node.table_name).split(atMark)[0]]
    .filter((part) => part !== "" && part !== undefined)
    .map(String);

const expressionClasses = new Set([
  "COLUMN_REF",
  "CONSTANT",
  "FUNCTION",
  "CAST",
  "COMPARISON",
  "CONJUNCTION",
  "OPERATOR",
  "CASE",
  "BETWEEN",
  "SUBQUERY",
  "WINDOW",
  "STAR",
  "LAMBDA",
]);
const nodeTypes = new Set([
  "SELECT_NODE",
  "SET_OPERATION_NODE",
  "RECURSIVE_CTE_NODE",
  "CTE_NODE",
  "BASE_TABLE",
  "SUBQUERY",
  "JOIN",
  "TABLE_FUNCTION",
  "EXPRESSION_LIST",
  "EMPTY",
  "ORDER_MODIFIER",
  "LIMIT_MODIFIER",
  "DISTINCT_MODIFIER",
  "ORDER_DEFAULT",
  "ASCENDING",
  "DESCENDING",
]);
const joinRefs = new Set(["REGULAR", "NATURAL", "CROSS", "DEPENDENT"]);

/** Walks the tree depth first; `ctes` are the names that a WITH in scope defines. */
export function visit(node: Node, ctes: Set<string>, context: Context, parent: Node, key: string): void {
  let scope = ctes;
  if (node.sample !== undefined && node.sample !== null) throw unsupported("sampling");
  const map = isNode(node.cte_map) ? nodes(node.cte_map.map) : [];
  if (map.length > 0) {
    scope = new Set(ctes);
    for (const entry of map) {
      const name = String(entry.key).toLowerCase();
      const recursive = ((entry.value as Node)?.query as Node | undefined)?.node as Node | undefined;
      if (recursive?.type === "RECURSIVE_CTE_NODE") scope.add(name);
      visitChildren(entry, scope, context);
      scope.add(name);
    }
  }
  if (node.type === "CTE_NODE") {
    visitChildren({ query: node.query as Node }, scope, context);
    scope = new Set(scope).add(String(node.cte_name).toLowerCase());
    visitChildren({ child: node.child as Node }, scope, context);
    return;
  }
  if (node.type === "TABLE_FUNCTION") visitChildren({ children: (node.function as Node).children }, scope, context);
  else {
    const { cte_map: _, ...rest } = node;
    visitChildren(rest, scope, context, node);
  }
  const replaced = rewrite(node, scope, context);
  if (replaced !== node) (parent as Record<string, unknown>)[key] = replaced;
}

function visitChildren(
  children: Record<string, unknown>,
  ctes: Set<string>,
  context: Context,
  owner: Record<string, unknown> = children,
): void {
  for (const [key, value] of Object.entries(children)) {
    if (key === "value" && owner.class === "CONSTANT") continue;
    if (key === "cast_type") continue;
    if (Array.isArray(value)) {
      value.forEach((item, index) => {
        if (isNode(item)) visit(item, ctes, context, value as unknown as Node, String(index));
        else if (Array.isArray(item)) visitChildren(item as unknown as Record<string, unknown>, ctes, context);
      });
    } else if (isNode(value)) visit(value, ctes, context, owner as Node, key);
  }
}

function rewrite(node: Node, ctes: Set<string>, context: Context): Node {
  if (node.class === undefined) {
    if (typeof node.type === "string" && !nodeTypes.has(node.type) && node.query_location !== undefined)
      throw unsupported(node.type.toLowerCase().replaceAll("_", " "));
    if (node.type === "BASE_TABLE") return baseTable(node, ctes, context);
    if (node.type === "TABLE_FUNCTION") return tableFunction(node, context);
    if (node.type === "JOIN" && !joinRefs.has(String(node.ref_type)))
      throw unsupported(`a ${String(node.ref_type).toLowerCase()} join`);
    return node;
  }
  if (!expressionClasses.has(node.class)) throw unsupported(`${node.class.toLowerCase().replaceAll("_", " ")} expressions`);
  if (node.class === "COLUMN_REF") return columnRef(node, context);
  if (node.class === "CAST") return cast(node);
  if (node.class === "FUNCTION")
    return ["current_user", "session_user", "user"].includes(String(node.function_name))
      ? named(constant(context.user), node)
      : mapFunction(node);
  if (node.class === "WINDOW") {
    if (functions[String(node.function_name)] !== true) throw unsupported(`the window function ${node.function_name}`);
    return node;
  }
  if (node.class === "OPERATOR" && node.type === "ARRAY_EXTRACT") return subscript(node);
  if (node.class === "OPERATOR" && node.type === "ARRAY_SLICE") throw unsupported("array slices");
  return node;
}

const named = (node: Node, like: Node): Node => ({ ...node, alias: like.alias ?? "" });

function columnRef(node: Node, context: Context): Node {
  const names = node.column_names as string[];
  if (names.length === 1 && names[0]?.toLowerCase() === "current_user") return named(constant(context.user), node);
  for (let length = names.length - 1; length >= 2; length--) {
    if (context.qualifiers.has(names.slice(0, length).join(".").toLowerCase()))
      return { ...node, column_names: names.slice(length - 1) };
  }
  return node;
}

const integers = new Set(["TINYINT", "SMALLINT", "INTEGER", "BIGINT"]);

function cast(node: Node): Node {
  const type = node.cast_type as { id: string };
  const child = node.child as Node;
  if (type.id === "VARCHAR")
    return node.try_cast === true || literalOf(child) !== undefined ? node : named(call("kc_text", child), node);
  const plain =
    literalOf(child) === null ||
    Number.isSafeInteger(literalOf(child)) ||
    ["trunc", "kc_cut", "kc_try_cut"].includes(String(child.function_name));
  if (!integers.has(type.id) || plain) return node;
  return node.try_cast === true ? { ...node, child: cut(child, "kc_try_cut") } : named(integer(type.id, child), node);
}

/** `a[i]` counts from 0 on Databricks and from 1 in DuckDB; a literal string is the key of a map or the field of a struct. */
function subscript(node: Node): Node {
  const [base, index] = nodes(node.children) as [Node, Node];
  if (typeof literalOf(index) === "string") return node;
  return named(call("kc_index", base, index), node);
}

function baseTable(node: Node, ctes: Set<string>, context: Context): Node {
  const [table = "", mark] = String(node.table_name).split(atMark);
  const name = tableName(node);
  if (name.length === 1 && mark === undefined && ctes.has(table.toLowerCase())) return node;
  const view = `${context.prefix}${context.sources.length}`;
  const format = String(node.schema_name).toLowerCase();
  if (name.length === 2 && table.startsWith("/") && ["parquet", "csv", "json"].includes(format)) {
    context.sources.push({ view, kind: "files", format, path: table, options: {} });
  } else {
    const at =
      mark === undefined ? {} : { at: mark.startsWith("v") ? { version: Number(mark.slice(1)) } : { time: mark.slice(1) } };
    context.sources.push({ view, kind: "table", name, ...at });
  }
  return {
    ...node,
    catalog_name: "",
    schema_name: "",
    table_name: view,
    alias: node.alias || (table.startsWith("/") ? "files" : table),
  };
}

const tableFunctions = new Set(["range", "unnest", "generate_series"]);

function tableFunction(node: Node, context: Context): Node {
  const inner = node.function as Node;
  const name = String(inner.function_name).toLowerCase();
  if (name !== "read_files") {
    if (name === "range" && (node.column_name_alias as string[]).length === 0)
      return { ...node, alias: node.alias || "range", column_name_alias: ["id"] };
    if (tableFunctions.has(name)) return node;
    throw unsupported(`the table function ${name}`);
  }
  const options: Record<string, string> = {};
  let path: string | undefined;
  for (const child of nodes(inner.children)) {
    const boolean = child.class === "CAST" ? literalOf(child.child as Node) : undefined;
    const value = boolean === "t" || boolean === "f" ? boolean === "t" : literalOf(child);
    if (value === undefined || value === null) throw unsupported("read_files with an argument that is not a literal");
    if (child.alias) options[child.alias.toLowerCase()] = String(value);
    else path = String(value);
  }
  if (path === undefined) throw new DialectError("WRONG_NUM_ARGS", "42605", "read_files needs a path. SQLSTATE: 42605");
  const { format = path.split(".").at(-1) ?? "", ...others } = options;
  const view = `${context.prefix}${context.sources.length}`;
  context.sources.push({ view, kind: "files", format: format.toLowerCase(), path, options: others });
  const { query_location, sample } = node;
  const columns = node.column_name_alias ?? [];
  return {
    type: "BASE_TABLE",
    alias: node.alias || "read_files",
    sample,
    query_location,
    schema_name: "",
    table_name: view,
    column_name_alias: columns,
    catalog_name: "",
    at_clause: null,
  };
}
