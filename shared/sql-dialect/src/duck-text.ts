import { Cursor, isOp, isWord } from "./cursor.ts";
import { syntaxError, unsupported } from "./errors.ts";
import type { Token } from "./token.ts";
import { parseType } from "./type-name.ts";

/** Separates a table name from the version or time it is read at, inside one quoted identifier. */
export const atMark = "\u0001";

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** Operators that mean something else in DuckDB, or nothing on Databricks. */
const refusedOperators: Record<string, string> = {
  "^": "the operator ^ (exclusive or)",
  "//": "the operator //",
  "->>": "the operator ->>",
  ":": "the path operator ':' on semi-structured values",
  "@": "the operator @",
  $: "the character $",
  "#": "the character #",
  "?": "unnamed parameter markers",
  "\\": "a back-slash outside a literal",
};
const refusedPhrases = [
  ["LATERAL", "VIEW"],
  ["CLUSTER", "BY"],
  ["DISTRIBUTE", "BY"],
  ["SORT", "BY"],
  ["NOT", "RLIKE"],
  ["NOT", "REGEXP"],
  ["LIKE", "ANY"],
  ["LIKE", "ALL"],
  ["LIKE", "SOME"],
  ["ILIKE", "ANY"],
  ["ILIKE", "ALL"],
  ["ASOF", "JOIN"],
  ["POSITIONAL", "JOIN"],
];
const suffixes: Record<string, string> = { L: "BIGINT", S: "SMALLINT", Y: "TINYINT", D: "DOUBLE", F: "FLOAT" };

/** Databricks tokens as text that DuckDB's parser reads with the same meaning. What DuckDB would read differently is rewritten or refused. */
export function duckText(tokens: Token[]): string {
  const cursor = new Cursor([...tokens]);
  const out: string[] = [];
  /** Kind of each open bracket: inside a cast's own one, AS is followed by a type. */
  const open: ("cast" | "other")[] = [];
  while (!cursor.done) {
    const token = cursor.peek() as Token;
    for (const phrase of refusedPhrases) if (cursor.is(...phrase)) throw unsupported(phrase.join(" "));
    cursor.at++;
    if (token.kind === "quoted") out.push(quote(token.value));
    else if (token.kind === "string") out.push(literal(adjacent(cursor, token.value)));
    else if (token.kind === "number") out.push(number(token.value));
    else if (token.kind === "param") {
      throw new Error(`The parameter :${token.value} was not bound.`);
    } else if (token.kind === "op") operator(token, cursor, out, open);
    else word(token, cursor, out, open);
  }
  return out.join(" ");
}

function adjacent(cursor: Cursor, first: string): string {
  let value = first;
  while (cursor.peek()?.kind === "string") value += cursor.string();
  return value;
}

function number(text: string): string {
  const match = /^(.*?)(BD|[LSYDF])$/i.exec(text);
  if (match === null) return /e/i.test(text) ? `CAST('${text}' AS DOUBLE)` : text;
  const suffix = (match[2] ?? "").toUpperCase();
  return suffix === "BD" ? (match[1] ?? "") : `CAST(${match[1]} AS ${suffixes[suffix]})`;
}

function operator(token: Token, cursor: Cursor, out: string[], open: ("cast" | "other")[]): void {
  const { value } = token;
  if (refusedOperators[value] !== undefined) throw unsupported(refusedOperators[value]);
  if (value === "(") open.push(/^"?(TRY_)?CAST$/i.test(out.at(-1) ?? "") ? "cast" : "other");
  else if (value === ")") open.pop();
  if (value === "::") out.push("::", parseType(cursor));
  else if (value === "==") out.push("=");
  else if (value === "<=>") out.push("IS NOT DISTINCT FROM");
  else if (value === "!") out.push("NOT");
  else if (value === "*" && cursor.is("EXCEPT", "(") && !isQueryStart(cursor.peek(2))) {
    cursor.take("EXCEPT");
    out.push("* EXCLUDE");
  } else out.push(value);
}

const isQueryStart = (token: Token | undefined) =>
  ["SELECT", "WITH", "VALUES", "FROM", "TABLE"].some((word) => isWord(token, word)) || isOp(token, "(");

function word(token: Token, cursor: Cursor, out: string[], open: ("cast" | "other")[]): void {
  const upper = token.value.toUpperCase();
  const qualified = out.at(-1) === "." || isOp(cursor.peek(), ".");
  if (qualified) out.push(quote(token.value));
  else if ((upper === "TIMESTAMP" || upper === "TIMESTAMP_LTZ") && cursor.peek()?.kind === "string") out.push("TIMESTAMPTZ");
  else if (upper === "TIMESTAMP_NTZ" && cursor.peek()?.kind === "string") out.push("TIMESTAMP");
  else if (upper === "ARRAY" && isOp(cursor.peek(), "(")) out.push("list_value");
  else if (upper === "AS" && open.at(-1) === "cast") {
    out.push("AS", parseType(cursor));
  } else if (["PIVOT", "UNPIVOT", "TABLESAMPLE", "QUALIFY_ALL"].includes(upper) && isOp(cursor.peek(), "("))
    throw unsupported(upper);
  else if (upper === "RLIKE" || upper === "REGEXP")
    out.push(isOp(cursor.peek(), "(") && !endsOperand(out.at(-1)) ? token.value : "^@");
  else if (upper === "DIV" && endsOperand(out.at(-1))) out.push("//");
  else if (upper === "MINUS" && ["SELECT", "ALL", "DISTINCT", "WITH", "("].some((next) => cursor.is(next))) out.push("EXCEPT");
  else if (upper === "LEFT" && (cursor.is("SEMI") || cursor.is("ANTI"))) return;
  else if (
    (upper === "VERSION" || upper === "TIMESTAMP" || upper === "FOR" || upper === "SYSTEM_VERSION" || upper === "SYSTEM_TIME") &&
    timeTravel(upper, cursor, out)
  )
    return;
  // DuckDB reads a table AT (VERSION => …) and an instant AT TIME ZONE; on Databricks the word is a name.
  else if (upper === "AT" && !cursor.is("TIME", "ZONE")) out.push(quote(token.value));
  else if (reservedInDuck.has(upper) && !isOp(cursor.peek(), "(")) out.push(quote(token.value));
  else out.push(token.value);
}

/** Words that DuckDB reserves and Databricks takes as plain names. */
const reservedInDuck = new Set([
  "ANALYSE",
  "ANALYZE",
  "PLACING",
  "VARIADIC",
  "ASYMMETRIC",
  "SYMMETRIC",
  "DEFERRABLE",
  "INITIALLY",
  "DO",
  "RETURNING",
  "SHOW",
  "SUMMARIZE",
  "DESCRIBE",
]);

const endsOperand = (text: string | undefined) =>
  text !== undefined && /["')\]\w]$/.test(text) && !/^(SELECT|WHERE|AND|OR|NOT|ON|THEN|ELSE|WHEN|BY|HAVING|CASE)$/i.test(text);

/** `t VERSION AS OF 3` becomes the name `t<mark>v3`. */
function timeTravel(first: string, cursor: Cursor, out: string[]): boolean {
  const start = cursor.at;
  let kind = first;
  if (first === "FOR") {
    kind = cursor.peek()?.value.toUpperCase() ?? "";
    cursor.at++;
  }
  if (!/^(SYSTEM_)?(VERSION|TIME|TIMESTAMP)$/.test(kind) || !cursor.take("AS", "OF")) {
    cursor.at = start;
    return false;
  }
  const token = cursor.peek();
  let at: string;
  if (/VERSION$/.test(kind)) {
    if (token?.kind !== "number" && token?.kind !== "string")
      throw unsupported(`VERSION AS OF ${token?.value ?? ""}`, "Give the version as a number.");
    at = `v${token.value}`;
  } else {
    if (cursor.is("TIMESTAMP") || cursor.is("DATE")) cursor.at++;
    const time = cursor.peek();
    if (time?.kind !== "string") throw unsupported(`TIMESTAMP AS OF ${time?.value ?? ""}`, "Give the time as a string literal.");
    at = `t${time.value}`;
  }
  cursor.at++;
  const name = out.pop() ?? "";
  const bare = name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
  if (bare === "" || /^[^\p{L}\p{N}_]+$/u.test(bare)) throw syntaxError(`'${first}'`);
  out.push(quote(`${bare}${atMark}${at}`));
  return true;
}
