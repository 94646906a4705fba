export { DialectError, unsupported } from "./errors.ts";
export { macroStatements } from "./macros.ts";
export type { Parameter } from "./parameters.ts";
export { parseStatement } from "./parse.ts";
export type { Source } from "./rewrite.ts";
export type { Alteration, ColumnDefinition, MergeAction, MergeStatement, Statement } from "./statement.ts";
export { splitStatements, type Token, tokenize } from "./token.ts";
export { type DuckParser, duckParser, type Translation, translateExpression, translateQuery } from "./translate.ts";
