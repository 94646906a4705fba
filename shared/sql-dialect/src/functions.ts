import { bareWord, call, castTo, constant, isNode, literalOf, type Node, nodes, operator } from "./ast.ts";
import { strftimePattern } from "./date-pattern.ts";
import { unsupported } from "./errors.ts";

/** `true`: DuckDB's function of that name means the same. A text: the function or macro to call instead. Else: what to make of the arguments. */
type Mapping = true | string | ((children: Node[], node: Node, name: string) => Node);

const same = (names: string): Record<string, Mapping> => Object.fromEntries(names.split(/\s+/).map((name) => [name, true]));

const units: Record<string, string> = {
  year: "year",
  yyyy: "year",
  yy: "year",
  quarter: "quarter",
  month: "month",
  mm: "month",
  mon: "month",
  week: "week",
  day: "day",
  dd: "day",
  dayofyear: "day",
  hour: "hour",
  minute: "minute",
  second: "second",
  millisecond: "millisecond",
  microsecond: "microsecond",
};

function unit(node: Node | undefined): string {
  const word = (bareWord(node) ?? literalOf(node) ?? "").toString().toLowerCase();
  const known = units[word.replace(/s$/, "")] ?? units[word];
  if (known === undefined) throw unsupported(`the date unit ${word || "(an expression)"}`);
  return known;
}

const ts = (node: Node) => castTo("TIMESTAMP WITH TIME ZONE", node);
const text = (node: Node) => call("kc_text", node);

const operatorNode = (type: string, ...children: Node[]): Node => ({
  class: "OPERATOR",
  type,
  alias: "",
  query_location: 0,
  children,
});

/** `date_add(d, n)`, `dateadd(unit, n, t)` */
const dateAdd: Mapping = ([a, b, c]) => {
  if (c === undefined) return call("kc_date_add", a as Node, b as Node);
  const name = unit(a);
  const interval = name === "quarter" ? call("to_months", operator("*", b as Node, constant(3))) : call(`to_${name}s`, b as Node);
  return operator("+", ts(c), interval);
};
/** Whole units passed, not boundaries crossed. */
const dateDiff: Mapping = ([a, b, c]) => {
  if (c === undefined) return call("kc_days_between", a as Node, b as Node);
  return call("date_sub", constant(unit(a)), ts(b as Node), ts(c));
};
const dateTrunc: Mapping = ([a, b]) => call("date_trunc", constant(unit(a)), ts(b as Node));

const pattern = (node: Node | undefined): Node => {
  const value = literalOf(node);
  if (typeof value !== "string") throw unsupported("a date pattern that is not a literal");
  return constant(strftimePattern(value));
};
const parsed =
  (id: string): Mapping =>
  ([value, format]) => {
    if (format === undefined) return id === "DATE" ? call("kc_date", value as Node) : ts(value as Node);
    return castTo(id, call("strptime", text(value as Node), pattern(format)));
  };

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
  last_day: "kc_last_day",
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
  dayofmonth: "day",
  curdate: () => call("current_date"),
  date_add: dateAdd,
  dateadd: dateAdd,
  timestampadd: dateAdd,
  datediff: dateDiff,
  date_diff: dateDiff,
  timestampdiff: dateDiff,
  date_trunc: dateTrunc,
  date_sub: ([d, n]) => call("kc_date_add", d as Node, operator("-", n as Node)),
  add_months: "kc_add_months",
  to_date: parsed("DATE"),
  date: parsed("DATE"),
  to_timestamp: parsed("TIMESTAMP WITH TIME ZONE"),
  timestamp: parsed("TIMESTAMP WITH TIME ZONE"),
  date_format: ([value, format]) => call("strftime", ts(value as Node), pattern(format)),
  unix_timestamp: (children) => {
    if (children.length > 1) throw unsupported("unix_timestamp with a pattern", "Use to_timestamp with the pattern inside.");
    return call("kc_unix_timestamp", children[0] ?? call("now"));
  },
  from_unixtime: "kc_from_unixtime",
  trunc: ([value, part], node) =>
    part === undefined ? node : castTo("DATE", call("date_trunc", constant(unit(part)), ts(value as Node))),
  date_part: ([part, value], node) => {
    const name = String(literalOf(part)).toLowerCase();
    if (!["year", "quarter", "month", "week", "day", "doy", "hour", "minute"].includes(name))
      throw unsupported(`extract(${name} …)`);
    return value === undefined ? node : call("date_part", part as Node, value);
  },
  weekofyear: ([d]) => call("week", d as Node),
  dayofweek: ([d]) => operator("+", call("dayofweek", d as Node), constant(1)),
  weekday: ([d]) => operator("-", call("isodow", d as Node), constant(1)),
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
  current_timestamp: "now",
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

const aggregates = new Set(
  `count count_star sum avg min max any_value first last median stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp bool_and bool_or
  approx_count_distinct mode skewness kurtosis_pop quantile_cont kc_count_if arg_max_null arg_min_null`.split(/\s+/),
);
const lists = new Set(["kc_collect_list", "list"]);

/** Whether an expression aggregates: DuckDB does not know its type yet when it chooses among the overloads of a macro. */
function aggregated(node: Node, names = aggregates): boolean {
  if (node.class === "SUBQUERY") return false;
  if (node.class === "WINDOW" || (node.class === "FUNCTION" && names.has(String(node.function_name)))) return true;
  return Object.values(node).some((value) =>
    Array.isArray(value) ? nodes(value).some((child) => aggregated(child, names)) : isNode(value) && aggregated(value, names),
  );
}

/** A part of a concatenation: instants as Databricks prints them, arrays as they are. */
function part(node: Node): Node {
  if (literalOf(node) !== undefined || aggregated(node, lists)) return node;
  return call(aggregated(node) ? "kc_text" : "kc_part", node);
}

/** A cast to an integer type cuts the fraction, where DuckDB's would round. */
export const integer = (id: string, child: Node): Node => castTo(id, cut(child, "kc_cut"));

export function cut(child: Node, macro: "kc_cut" | "kc_try_cut"): Node {
  if (["count", "count_star"].includes(String(child.function_name))) return child;
  return call(aggregated(child) ? "trunc" : macro, child);
}

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
  return { ...mapping(children, node, name), alias: node.alias ?? "" };
}
