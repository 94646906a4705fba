/** A node of DuckDB's serialised syntax tree (json_serialize_sql): expressions have a `class`, tables and queries only a `type`. */
export interface Node {
  class?: string;
  type?: string;
  alias?: string;
  [key: string]: unknown;
}

export const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !("rawJSON" in value);

export const nodes = (value: unknown): Node[] => (Array.isArray(value) ? value.filter(isNode) : []);

declare global {
  interface JSON {
    rawJSON(text: string): unknown;
    isRawJSON(value: unknown): boolean;
  }
}

/** Parses DuckDB's tree; numbers that JavaScript would print otherwise keep their digits. */
export function parseTree(json: string): Node {
  return JSON.parse(json, ((key: string, value: unknown, context?: { source?: string }) => {
    if (key === "query_location") return 0;
    if (typeof value === "number" && context?.source !== undefined && String(value) !== context.source)
      return JSON.rawJSON(context.source);
    return value;
  }) as (key: string, value: unknown) => unknown) as Node;
}

export const call = (name: string, ...children: Node[]): Node => ({
  class: "FUNCTION",
  type: "FUNCTION",
  alias: "",
  query_location: 0,
  function_name: name,
  schema: "",
  children,
  filter: null,
  order_bys: { type: "ORDER_MODIFIER", orders: [] },
  distinct: false,
  is_operator: false,
  export_state: false,
  catalog: "",
});

export const operator = (name: string, ...children: Node[]): Node => ({ ...call(name, ...children), is_operator: true });

export const constant = (value: string | number): Node => ({
  class: "CONSTANT",
  type: "VALUE_CONSTANT",
  alias: "",
  query_location: 0,
  value: { type: { id: typeof value === "number" ? "INTEGER" : "VARCHAR", type_info: null }, is_null: false, value },
});

export const castTo = (id: string, child: Node): Node => ({
  class: "CAST",
  type: "OPERATOR_CAST",
  alias: "",
  query_location: 0,
  child,
  cast_type: { id, type_info: null },
  try_cast: false,
});

/** The value of a literal; undefined for any other expression, and for decimals, whose value DuckDB keeps without its point. */
export function literalOf(node: Node | undefined): string | number | boolean | null | undefined {
  if (node?.class !== "CONSTANT") return undefined;
  const value = node.value as { is_null: boolean; type: { id: string }; value?: unknown };
  if (value.type.id === "DECIMAL") return undefined;
  return value.is_null ? null : (value.value as string | number | boolean);
}

/** The name of a bare word such as DAY in `dateadd(DAY, 1, x)`. */
export function bareWord(node: Node | undefined): string | undefined {
  if (node?.class !== "COLUMN_REF") return undefined;
  const names = node.column_names as string[];
  return names.length === 1 ? names[0] : undefined;
}
