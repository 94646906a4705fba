import { Cursor } from "./cursor.ts";
import { DialectError, syntaxError } from "./errors.ts";
import { type Token, tokenize } from "./token.ts";
import { parseType } from "./type-name.ts";

export interface Parameter {
  name: string;
  /** Absent or null: SQL's NULL. */
  value?: string | null | undefined;
  /** A Databricks type; default STRING. */
  type?: string | undefined;
}

const at = { start: 0, end: 0 };
const op = (value: string): Token => ({ kind: "op", value, ...at });
const word = (value: string): Token => ({ kind: "word", value, ...at });

/** Puts values in the place of `:name` markers, as typed literals, and resolves `IDENTIFIER(…)`. A value can never become SQL. */
export function bindParameters(tokens: Token[], parameters: Parameter[]): Token[] {
  const byName = new Map(parameters.map((parameter) => [parameter.name.toLowerCase(), parameter]));
  const bound: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    const argument = tokens[i + 2];
    if (
      token.kind === "word" &&
      token.value.toUpperCase() === "IDENTIFIER" &&
      tokens[i + 1]?.value === "(" &&
      tokens[i + 3]?.value === ")"
    ) {
      if (argument?.kind === "param" || argument?.kind === "string") {
        const text = argument.kind === "param" ? lookup(byName, argument.value).value : argument.value;
        bound.push(...identifier(text ?? ""));
        i += 3;
        continue;
      }
    }
    if (token.kind === "param") bound.push(...typedLiteral(lookup(byName, token.value)));
    else bound.push(token);
  }
  return bound;
}

function lookup(byName: Map<string, Parameter>, name: string): Parameter {
  const parameter = byName.get(name.toLowerCase());
  if (parameter) return parameter;
  throw new DialectError(
    "UNBOUND_SQL_PARAMETER",
    "42P02",
    `Found the unbound parameter: ${name}. Please, provide a value for it among the statement's parameters. SQLSTATE: 42P02`,
  );
}

/** STRING values stay plain literals, so that they may stand where SQL wants one (LIKE patterns, date formats, file names). */
function typedLiteral(parameter: Parameter): Token[] {
  const type = parameter.type ?? "STRING";
  const typeTokens = tokenize(type);
  const cursor = new Cursor([...typeTokens]);
  if (type.toUpperCase() !== "VOID") {
    parseType(cursor);
    cursor.end();
  }
  const value = parameter.value;
  if (value === undefined || value === null || type.toUpperCase() === "VOID") {
    return type.toUpperCase() === "VOID"
      ? [word("NULL")]
      : [word("CAST"), op("("), word("NULL"), word("AS"), ...typeTokens, op(")")];
  }
  const text: Token = { kind: "string", value, ...at };
  if (type.toUpperCase() === "STRING") return [text];
  if (/^(INT|INTEGER|BIGINT|LONG|SMALLINT|SHORT|TINYINT|BYTE)$/i.test(type) && /^\d{1,15}$/.test(value)) {
    return /^INT/i.test(type)
      ? [{ kind: "number", value, ...at }]
      : [word("CAST"), op("("), { kind: "number", value, ...at }, word("AS"), ...typeTokens, op(")")];
  }
  return [word("CAST"), op("("), text, word("AS"), ...typeTokens, op(")")];
}

function identifier(text: string): Token[] {
  const parts = tokenize(text);
  const names = parts.filter((_, index) => index % 2 === 0);
  const valid =
    parts.length % 2 === 1 &&
    parts.every((part, index) => (index % 2 === 0 ? part.kind === "word" || part.kind === "quoted" : part.value === "."));
  if (!valid) throw syntaxError(`'${text}'`, "IDENTIFIER takes a name.");
  return names.flatMap((name, index): Token[] => [
    ...(index === 0 ? [] : [op(".")]),
    { kind: "quoted", value: name.value, ...at },
  ]);
}
