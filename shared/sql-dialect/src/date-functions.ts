import { bareWord, call, castTo, constant, literalOf, type Node, operator } from "./ast.ts";
import { strftimePattern } from "./date-pattern.ts";
import { unsupported } from "./errors.ts";
import { type Mapping, text, timestamp as ts } from "./mapping.ts";

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

/** Functions of dates and times by name. */
export const dateFunctions: Record<string, Mapping> = {
  current_timestamp: "now",
  curdate: () => call("current_date"),
  dayofmonth: "day",
  last_day: "kc_last_day",
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
};
