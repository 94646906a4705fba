import { Cursor, isWord } from "./cursor.ts";
import { syntaxError, unsupported } from "./errors.ts";
import { bindParameters, type Parameter } from "./parameters.ts";
import { parseAlter, parseComment, parseDescribe, parseShow, parseUse } from "./parse-catalog.ts";
import { parseCreate, parseDrop } from "./parse-ddl.ts";
import { parseCopyInto, parseDelete, parseInsert, parseMerge, parseUpdate } from "./parse-dml.ts";
import type { Statement } from "./statement.ts";
import { tokenize } from "./token.ts";

const parsers: Record<string, (cursor: Cursor) => Statement> = {
  CREATE: parseCreate,
  REPLACE: parseCreate,
  DROP: parseDrop,
  INSERT: parseInsert,
  MERGE: parseMerge,
  DELETE: parseDelete,
  UPDATE: parseUpdate,
  TRUNCATE: (cursor) => {
    cursor.expect("TRUNCATE", "TABLE");
    const name = cursor.name();
    if (cursor.is("PARTITION")) throw unsupported("TRUNCATE … PARTITION", "Use DELETE … WHERE.");
    return { kind: "truncate", name };
  },
  ALTER: parseAlter,
  COPY: parseCopyInto,
  USE: parseUse,
  SHOW: parseShow,
  DESCRIBE: parseDescribe,
  DESC: parseDescribe,
  COMMENT: parseComment,
};
const queryStarts = new Set(["SELECT", "WITH", "VALUES", "FROM", "TABLE", "("]);

/** Reads one statement (a closing `;` is allowed) with its parameters bound. Throws DialectError for what it does not know. */
export function parseStatement(text: string, parameters: Parameter[] = []): Statement {
  const tokens = bindParameters(tokenize(text), parameters);
  while (tokens.at(-1)?.kind === "op" && tokens.at(-1)?.value === ";") tokens.pop();
  const first = tokens[0];
  if (first === undefined) throw syntaxError("end of input", "The statement is empty.");
  const extra = tokens.find((token) => token.kind === "op" && token.value === ";");
  if (extra !== undefined) throw syntaxError("';'", "One statement at a time.");
  const keyword = first.kind === "string" ? "" : first.value.toUpperCase();
  if (queryStarts.has(keyword) && first.kind !== "quoted") {
    const insert = tokens.findIndex((token) => isWord(token, "INSERT"));
    if (keyword === "WITH" && insert > 0 && (isWord(tokens[insert + 1], "INTO") || isWord(tokens[insert + 1], "OVERWRITE")))
      throw unsupported("WITH … INSERT", "Put the WITH after INSERT INTO t.");
    return { kind: "query", query: tokens };
  }
  const parser = first.kind === "word" ? parsers[keyword] : undefined;
  if (parser === undefined)
    throw first.kind === "word" ? unsupported(`the statement ${keyword}`) : syntaxError(`'${first.value}'`);
  const cursor = new Cursor(tokens);
  const statement = parser(cursor);
  cursor.end();
  return statement;
}
