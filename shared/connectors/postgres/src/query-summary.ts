const name = String.raw`(?:"(?:[^"]|"")+"|[a-z_][\w$]*)`;
/** Comments, literals, names with their dots, and single signs. What is not closed goes on to the end. */
const token = new RegExp(
  [
    String.raw`--[^\n]*`,
    String.raw`\/\*[\s\S]*?(?:\*\/|$)`,
    String.raw`e'(?:[^'\\]|''|\\[\s\S])*(?:'|$)`,
    "'(?:[^']|'')*(?:'|$)",
    String.raw`\$(\w*)\$[\s\S]*?(?:\$\1\$|$)`,
    String.raw`${name}(?:\s*\.\s*${name})*`,
    String.raw`\S`,
  ].join("|"),
  "gi",
);
const comment = /^(?:--|\/\*)/;
const literal = /^(?:'|e'|\$\w*\$)/i;

const operations = new Set(["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "TRUNCATE", "CALL"]);
/** After these a word like UPDATE begins no statement: `FOR UPDATE`, `ON DELETE CASCADE`, `WHEN MATCHED THEN INSERT`. */
const noStatement = new Set(["FOR", "KEY", "ON", "DO", "THEN"]);
const definitions = new Set(["CREATE", "ALTER", "DROP"]);
const kinds = new Set("TABLE VIEW INDEX SCHEMA SEQUENCE FUNCTION PROCEDURE TYPE ROLE DATABASE EXTENSION TRIGGER".split(" "));
/** Words that a name follows; whether a parenthesis may come after it, which makes what follows FROM a function. */
const naming = new Map([
  ...["INTO", "UPDATE", "COPY", "TRUNCATE", "CALL", ...kinds].map((word) => [word, true] as const),
  ...["FROM", "JOIN", "USING"].map((word) => [word, false] as const),
]);
const fillers = new Set(["ONLY", "IF", "NOT", "EXISTS", "TABLE", "LATERAL", "CONCURRENTLY"]);
/** A part of a name that is another one each time: of staging tables, of days. Summaries are there to be grouped by. */
const passing = /^(?:\d{6,}|(?=.*\d.*\d)(?=.*[a-z])[0-9a-z]{8,})$/i;
const longest = 255;
/** Characters that are looked at: what a statement does stands at its beginning. */
const most = 10_000;

/**
 * What a statement does and to what, as `db.query.summary` of OpenTelemetry says it: `SELECT orders customers`. It is made
 * of keywords and of names behind keywords alone, so that no value of the statement can come into it.
 */
export function querySummary(sql: string): string {
  const words = [...sql.slice(0, most).matchAll(token)].map(([text]) => text).filter((text) => !comment.test(text));
  for (const [at, text] of words.entries()) if (literal.test(text)) words[at] = "?";
  const said: string[] = [];
  // The statement that each open parenthesis stands in; of a parenthesis without one, the FROM of EXTRACT is of no table.
  const open: (string | undefined)[] = [undefined];
  const addName = (at: number) => {
    const found = nameAt(words, at + 1, naming.get(words[at]!.toUpperCase())!);
    if (found) said.push(found);
  };
  for (const [at, text] of words.entries()) {
    const word = text.toUpperCase();
    const before = words[at - 1]?.toUpperCase();
    const first = before === undefined || before === ";";
    const within = open.at(-1);
    if (text === "(") open.push(undefined);
    else if (text === ")") open.splice(Math.max(1, open.length - 1));
    else if (text === ";") open.splice(0, open.length, undefined);
    else if (operations.has(word) && !noStatement.has(before ?? "")) {
      open[open.length - 1] = word;
      said.push(word);
      if (naming.has(word)) addName(at);
    } else if (first && definitions.has(word)) {
      const kind = words.slice(at + 1, at + 6).findIndex((one) => kinds.has(one.toUpperCase()));
      said.push(kind < 0 ? word : `${word} ${words[at + 1 + kind]!.toUpperCase()}`);
      if (kind >= 0) addName(at + 1 + kind);
    } else if (first && word !== "WITH" && /^[A-Z]+$/.test(word)) said.push(word);
    // `COPY orders FROM STDIN` and `a IS DISTINCT FROM b` name no table.
    else if (within && within !== "COPY" && before !== "DISTINCT" && naming.has(word) && !kinds.has(word)) {
      if (!operations.has(word)) addName(at);
    }
  }
  return shortened(said);
}

function nameAt(words: readonly string[], from: number, parenthesis: boolean): string | undefined {
  let at = from;
  while (fillers.has(words[at]?.toUpperCase() ?? "")) at++;
  const found = words[at];
  if (!found || !/^["a-z_]/i.test(found) || (words[at + 1] === "(" && !parenthesis)) return undefined;
  return found
    .replaceAll(/["\s]/g, "")
    .split(/([_.])/)
    .map((part) => (passing.test(part) ? "*" : part))
    .join("");
}

function shortened(words: readonly string[]): string {
  let text = "";
  for (const word of words) {
    if (text.length + 1 + word.length > longest) break;
    text += text ? ` ${word}` : word;
  }
  return text;
}
