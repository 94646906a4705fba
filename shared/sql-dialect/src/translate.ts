import { type Node, nodes, parseTree } from "./ast.ts";
import { nameColumns } from "./column-name.ts";
import { duckText } from "./duck-text.ts";
import { syntaxError, unsupported } from "./errors.ts";
import { type Context, collectQualifiers, type Source, visit } from "./rewrite.ts";
import type { Token } from "./token.ts";

/** DuckDB's own parser: json_serialize_sql and json_deserialize_sql on some connection. */
export interface DuckParser {
  serialize(sql: string): Promise<string>;
  deserialize(json: string): Promise<string>;
}

/** The parser behind a function that runs a SELECT of one text and gives that text. */
export function duckParser(scalar: (sql: string) => Promise<string>): DuckParser {
  const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
  return {
    serialize: (sql) => scalar(`SELECT json_serialize_sql(${literal(sql)})`),
    deserialize: (json) => scalar(`SELECT json_deserialize_sql(${literal(json)})`),
  };
}

export interface Translation {
  /** A SELECT for DuckDB. */
  sql: string;
  sources: Source[];
}

let translations = 0;

/** Translates a query. Throws DialectError for what is wrong, and for what DuckDB would answer otherwise than Databricks. */
export async function translateQuery(parser: DuckParser, tokens: Token[], options: { user?: string } = {}): Promise<Translation> {
  const tree = await parse(parser, duckText(tokens));
  const context = newContext(options.user);
  for (const statement of nodes(tree.statements)) {
    const query = statement.node as Node;
    nameColumns(query);
    collectQualifiers(statement, context);
    visit(statement, new Set(), context, statement, "node");
  }
  return { sql: (await parser.deserialize(JSON.stringify(tree))).replace(/;\s*$/, ""), sources: context.sources };
}

/** Translates an expression, whose columns belong to tables that the caller knows by `qualifiers` (qualified names, lower case). */
export async function translateExpression(
  parser: DuckParser,
  tokens: Token[],
  options: { user?: string; qualifiers?: string[] } = {},
): Promise<Translation> {
  if (tokens.length === 0) throw syntaxError("end of input", "Expected an expression.");
  const tree = await parse(parser, `SELECT ${duckText(tokens)}`);
  const statement = nodes(tree.statements)[0] as Node;
  const select = statement.node as Node;
  const item = nodes(select.select_list)[0];
  const plain =
    select.type === "SELECT_NODE" &&
    nodes(select.select_list).length === 1 &&
    item?.alias === "" &&
    (select.from_table as Node).type === "EMPTY";
  if (
    !plain ||
    item?.class === "STAR" ||
    nodes(select.modifiers).length > 0 ||
    select.where_clause !== null ||
    select.having !== null
  ) {
    throw syntaxError(`'${tokens[0]?.value}'`, "Expected an expression.");
  }
  const context = newContext(options.user);
  for (const name of options.qualifiers ?? []) context.qualifiers.add(name.toLowerCase());
  collectQualifiers(statement, context);
  visit(statement, new Set(), context, statement, "node");
  const sql = (await parser.deserialize(JSON.stringify(tree))).replace(/;\s*$/, "");
  return { sql: `(${sql.replace(/^SELECT\s+/i, "")})`, sources: context.sources };
}

function newContext(user = "user"): Context {
  return { sources: [], prefix: `kc_source_${translations++}_`, user, qualifiers: new Set() };
}

async function parse(parser: DuckParser, sql: string): Promise<Node> {
  const tree = parseTree(await parser.serialize(sql));
  if (tree.error === true) {
    if (tree.error_subtype === "SYNTAX_ERROR" || tree.error_type === "parser")
      throw syntaxError(String(tree.error_message).replace(/^syntax error at or near /, ""));
    throw unsupported(`this statement (${tree.error_message})`);
  }
  if (nodes(tree.statements).length !== 1) throw syntaxError("';'", "Expected one query.");
  return tree;
}
