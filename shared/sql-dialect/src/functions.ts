import { aggregated, lists } from "./aggregate.ts";
import { call, castTo, constant, literalOf, type Node, operator } from "./ast.ts";
import { dateFunctions } from "./date-functions.ts";
import { DialectError, unsupported } from "./errors.ts";
import { integer, type Mapping, text } from "./mapping.ts";

const same = (names: string): Record<string, Mapping> => Object.fromEntries(names.split(/\s+/).map((name) => [name, true]));

const operatorNode = (type: string, ...children: Node[]): Node => ({
  class: "OPERATOR",
  type,
  alias: "",
  query_location: 0,
  children,
});

const groupReferences = (node: Node): Node => {
  const value = literalOf(node);
  return typeof value === "string" ? constant(value.replace(/\\/g, "\\\\").replace(/\$(\d)/g, "\\$1")) : node;
};

const coalesce: Mapping = (children) => ({ ...operatorNode("OPERATOR_COALESCE", ...children) });

/** Null when any argument is null, unlike DuckDB's concat. */
const concat: Mapping = (children) => {
  const [first, ...rest] = children.map(part);
  if (first === undefined) return constant("");
  return rest.length === 0 ? text(first) : rest.reduce((left, right) => operator("||", left, right), first);
};

export const operators = new Set([
  "+",
  "-",
  "*",
  "/",
  "//",
  "%",
  "||",
  "~~",
  "!~~",
  "~~*",
  "!~~*",
  "^@",
  "&",
  "|",
  "~",
  "<<",
  ">>",
]);

const backslash = (node: Node | undefined) => {
  const value = literalOf(node);
  return typeof value !== "string" || value.includes("\\");
};
const like =
  (positive: string): Mapping =>
  (children, node) =>
    backslash(children[1]) ? call(positive, ...children, constant("\\")) : node;

/** Databricks SQL's functions by name in lower case; one that is missing here is refused. */
export const functions: Record<string, Mapping> = {
  ...same(`count count_star sum avg min max any_value first last first_value last_value nth_value median stddev stddev_pop stddev_samp variance var_pop
    var_samp corr covar_pop covar_samp bool_and bool_or approx_count_distinct mode skewness kurtosis_pop
    row_number rank dense_rank percent_rank cume_dist ntile lag lead grouping
    abs sign sqrt cbrt exp ln log2 log10 power pow sin cos tan asin acos atan atan2 sinh cosh tanh degrees radians pi round greatest least
    lower upper length trim ltrim rtrim lpad rpad repeat reverse replace translate ascii chr left right instr md5 sha1 concat_ws split_part
    nullif if isnan isinf
    year month day quarter hour minute second dayofyear make_date
    to_years to_months to_weeks to_days to_hours to_minutes to_seconds to_milliseconds to_microseconds
    list_value array_distinct flatten map_keys map_values map_entries
    unnest row generate_series range to_json current_date now like_escape not_like_escape ilike_escape not_ilike_escape`),
  mean: "avg",
  std: "stddev",
  every: "bool_and",
  percentile: "quantile_cont",
  some: "bool_or",
  count_if: "kc_count_if",
  nvl: coalesce,
  ifnull: coalesce,
  coalesce,
  nvl2: "kc_nvl2",
  iff: "if",
  lcase: "lower",
  ucase: "upper",
  char_length: "length",
  character_length: "length",
  len: "length",
  char: "chr",
  substr: "kc_substr",
  substring: "kc_substr",
  startswith: "starts_with",
  endswith: "ends_with",
  contains: "kc_contains",
  locate: "kc_locate",
  position: "instr",
  initcap: "kc_initcap",
  space: "kc_space",
  sha: "sha1",
  sha2: "kc_sha2",
  hex: "kc_hex",
  uuid: () => text(call("gen_random_uuid")),
  ceil: "kc_next_integer",
  ceiling: "kc_next_integer",
  floor: "kc_floor_integer",
  mod: "kc_mod",
  pmod: "kc_pmod",
  try_divide: "kc_try_divide",
  signum: "sign",
  concat,
  array: "list_value",
  array_agg: "kc_collect_list",
  collect_list: "kc_collect_list",
  collect_set: ([x]) => call("list_distinct", call("list", x as Node)),
  array_contains: "list_contains",
  array_join: "array_to_string",
  array_sort: "list_sort",
  array_size: "len",
  size: "kc_size",
  cardinality: "kc_size",
  explode: "unnest",
  get: "kc_get",
  element_at: ([x, i]) =>
    typeof literalOf(i) === "string" ? call("kc_map_at", x as Node, i as Node) : call("kc_element_at", x as Node, i as Node),
  transform: "list_transform",
  filter: "list_filter",
  sequence: "kc_sequence",
  array_max: "list_max",
  array_min: "list_min",
  split: ([s, p, limit]) => {
    if (limit !== undefined) throw unsupported("split with a limit");
    return call("string_split_regex", s as Node, p as Node);
  },
  regexp_replace: ([s, p, r, start]) => {
    if (start !== undefined) throw unsupported("regexp_replace with a position");
    return call("regexp_replace", s as Node, p as Node, groupReferences(r as Node), constant("g"));
  },
  regexp_extract: ([s, p, group]) => call("regexp_extract", s as Node, p as Node, group ?? constant(1)),
  regexp_like: "regexp_matches",
  rlike: "regexp_matches",
  regexp: "regexp_matches",
  get_json_object: "kc_get_json_object",
  named_struct: (children) => {
    const fields = children.filter((_, i) => i % 2 === 1);
    fields.forEach((field, i) => {
      const name = literalOf(children[i * 2]);
      if (typeof name !== "string") throw unsupported("named_struct with a field name that is not a literal");
      field.alias = name;
    });
    return call("struct_pack", ...fields);
  },
  struct: (children) => {
    const fields = children.map((child, i) => ({
      ...child,
      alias: child.alias || ((child.column_names as string[] | undefined)?.at(-1) ?? `col${i + 1}`),
    }));
    return call("struct_pack", ...fields);
  },
  map: (children) => {
    const part = (odd: number) => call("list_value", ...children.filter((_, i) => i % 2 === odd));
    return call("map", part(0), part(1));
  },
  max_by: "arg_max_null",
  min_by: "arg_min_null",
  isnull: ([x]) => ({ ...operatorNode("OPERATOR_IS_NULL", x as Node) }),
  isnotnull: ([x]) => ({ ...operatorNode("OPERATOR_IS_NOT_NULL", x as Node) }),
  string: ([x]) => text(x as Node),
  int: ([x]) => integer("INTEGER", x as Node),
  bigint: ([x]) => integer("BIGINT", x as Node),
  double: ([x]) => castTo("DOUBLE", x as Node),
  boolean: ([x]) => castTo("BOOLEAN", x as Node),
  ...dateFunctions,
  // operators
  "/": ([a, b]) => call("kc_div", a as Node, b as Node),
  "||": concat,
  "//": ([a, b]) => call("kc_idiv", a as Node, b as Node),
  "%": ([a, b]) => call("kc_mod", a as Node, b as Node),
  "^@": ([a, b]) => call("regexp_matches", a as Node, b as Node),
  "~~": like("like_escape"),
  "!~~": like("not_like_escape"),
  "~~*": like("ilike_escape"),
  "!~~*": like("not_ilike_escape"),
};

/** A part of a concatenation: instants as Databricks prints them, arrays as they are. */
function part(node: Node): Node {
  if (literalOf(node) !== undefined || aggregated(node, lists)) return node;
  return call(aggregated(node) ? "kc_text" : "kc_part", node);
}

/** Most arguments of the functions that are rebuilt here: one more would be dropped silently. */
const most: Record<string, number> = {
  uuid: 0,
  curdate: 0,
  date: 1,
  timestamp: 1,
  weekofyear: 1,
  dayofweek: 1,
  weekday: 1,
  collect_set: 1,
  isnull: 1,
  isnotnull: 1,
  string: 1,
  int: 1,
  bigint: 1,
  double: 1,
  boolean: 1,
  date_trunc: 2,
  date_sub: 2,
  to_date: 2,
  to_timestamp: 2,
  date_format: 2,
  unix_timestamp: 2,
  trunc: 2,
  date_part: 2,
  element_at: 2,
  date_add: 3,
  dateadd: 3,
  timestampadd: 3,
  datediff: 3,
  date_diff: 3,
  timestampdiff: 3,
  split: 3,
  regexp_extract: 3,
  regexp_replace: 4,
};

/** Aggregates and window functions keep FILTER, DISTINCT and ORDER BY; only these may be renamed with them. */
export function mapFunction(node: Node): Node {
  const name = String(node.function_name).toLowerCase();
  const schema = String(node.schema ?? "");
  if (node.is_operator === true && !operators.has(name)) throw unsupported(`the operator ${name}`);
  const listed = Object.hasOwn(functions, name) && (schema === "" || schema === "main") ? functions[name] : undefined;
  const mapping = listed ?? (node.is_operator === true ? true : undefined);
  if (mapping === undefined) throw unsupported(`the function ${schema && schema !== "main" ? `${schema}.` : ""}${name}`);
  if (mapping === true || typeof mapping === "string")
    return { ...node, function_name: mapping === true ? node.function_name : mapping };
  const decorated =
    node.distinct === true ||
    node.filter !== null ||
    ((node.order_bys as { orders: unknown[] } | undefined)?.orders.length ?? 0) > 0;
  const children = (node.children as Node[]) ?? [];
  if (decorated && node.is_operator !== true) throw unsupported(`${name} with DISTINCT, FILTER or ORDER BY`);
  if (children.length > (most[name] ?? children.length)) {
    throw new DialectError(
      "WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
      "42605",
      `${name} takes at most ${most[name]} arguments, it has ${children.length}. SQLSTATE: 42605`,
    );
  }
  return { ...mapping(children, node, name), alias: node.alias ?? "" };
}
