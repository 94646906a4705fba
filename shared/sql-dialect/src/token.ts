import { syntaxError } from "./errors.ts";

/**
 * `word`: keyword or bare identifier; `quoted`: back-ticked identifier; `string`: literal with its escapes resolved; `param`: `:name`;
 * `number`; `op`: operator or punctuation. `start` and `end` are offsets into the text.
 */
export interface Token {
  kind: "word" | "quoted" | "string" | "number" | "param" | "op";
  /** The identifier, the literal's content, or the operator. */
  value: string;
  start: number;
  end: number;
}

const operators = ["<=>", "->>", "::", "=>", "->", "<=", ">=", "<>", "!=", "==", "||", "<<", ">>", "//"];
const wordStart = /[\p{L}_]/u;
const wordPart = /[\p{L}\p{N}_$]/u;
const escapes: Record<string, string> = { n: "\n", t: "\t", r: "\r", b: "\b", "0": "\0", Z: "\x1a" };

/** Splits Databricks SQL into tokens; comments are dropped. Throws PARSE_SYNTAX_ERROR on an unterminated literal or comment. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let i = 0;
  const push = (kind: Token["kind"], value: string, start: number) => tokens.push({ kind, value, start, end: i });
  while (i < text.length) {
    const start = i;
    const c = text[i] as string;
    if (/\s/.test(c)) i++;
    else if (text.startsWith("--", i)) i = until(text, "\n", i, text.length);
    else if (text.startsWith("/*", i)) i = blockComment(text, i);
    else if (c === "`") {
      const [value, end] = backTicked(text, i);
      i = end;
      push("quoted", value, start);
    } else if (c === "'" || c === '"') {
      const [value, end] = stringLiteral(text, i, false);
      i = end;
      push("string", value, start);
    } else if ((c === "r" || c === "R") && (text[i + 1] === "'" || text[i + 1] === '"')) {
      const [value, end] = stringLiteral(text, i + 1, true);
      i = end;
      push("string", value, start);
    } else if (/[0-9]/.test(c) || (c === "." && /[0-9]/.test(text[i + 1] ?? "") && !follows(tokens.at(-1), i))) {
      i += /^(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?(BD|[LSYDF])?(?![\p{L}\p{N}_])/iu.exec(text.slice(i))?.[0].length ?? 0;
      if (i === start) i += /^[\p{L}\p{N}_]+/u.exec(text.slice(i))?.[0].length ?? 1;
      const value = text.slice(start, i);
      push(
        /^[\d.]/.test(value) && /^(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?(BD|[LSYDF])?$/i.test(value) ? "number" : "word",
        value,
        start,
      );
    } else if (wordStart.test(c)) {
      while (i < text.length && wordPart.test(text[i] as string)) i++;
      push("word", text.slice(start, i), start);
    } else if (c === ":" && wordStart.test(text[i + 1] ?? "") && !follows(tokens.at(-1), i)) {
      i++;
      while (i < text.length && wordPart.test(text[i] as string)) i++;
      push("param", text.slice(start + 1, i), start);
    } else {
      i += operators.find((op) => text.startsWith(op, i))?.length ?? 1;
      push("op", text.slice(start, i), start);
    }
  }
  return tokens;
}

/** Whether something that ends an operand stands right before this position: then `:` is a path and `.` a qualifier. */
function follows(previous: Token | undefined, at: number): boolean {
  if (previous === undefined || previous.end !== at) return false;
  return ["word", "quoted", "string"].includes(previous.kind) || [")", "]"].includes(previous.value);
}

function until(text: string, mark: string, from: number, otherwise: number): number {
  const at = text.indexOf(mark, from);
  return at < 0 ? otherwise : at + mark.length;
}

function blockComment(text: string, from: number): number {
  let depth = 1;
  let i = from + 2;
  while (depth > 0) {
    if (i >= text.length) throw syntaxError("end of input", "A comment is not closed.");
    if (text.startsWith("/*", i)) depth++;
    else if (text.startsWith("*/", i)) depth--;
    else {
      i++;
      continue;
    }
    i += 2;
  }
  return i;
}

function backTicked(text: string, from: number): [string, number] {
  let value = "";
  for (let i = from + 1; i < text.length; i++) {
    if (text[i] !== "`") value += text[i];
    else if (text[i + 1] === "`") value += text[i++];
    else return [value, i + 1];
  }
  throw syntaxError("end of input", "A back-tick is not closed.");
}

/** Back-slash escapes as Spark reads them: `\%` and `\_` keep the back-slash, for LIKE. */
function stringLiteral(text: string, from: number, raw: boolean): [string, number] {
  const quote = text[from];
  let value = "";
  for (let i = from + 1; i < text.length; i++) {
    const c = text[i] as string;
    if (c === quote) {
      if (!raw && text[i + 1] === quote) {
        value += text[++i];
        continue;
      }
      return [value, i + 1];
    }
    if (c !== "\\" || raw) {
      value += c;
      continue;
    }
    const next = text[++i];
    if (next === undefined) break;
    const code = /^(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})/.exec(text.slice(i, i + 9))?.[0];
    if (code !== undefined) {
      value += String.fromCodePoint(/^[uU]/.test(code) ? Number.parseInt(code.slice(1), 16) : Number.parseInt(code, 8));
      i += code.length - 1;
    } else if (next === "%" || next === "_") value += `\\${next}`;
    else value += escapes[next] ?? next;
  }
  throw syntaxError("end of input", "A string literal is not closed.");
}

/** Splits a script at `;` outside literals and comments; empty statements are left out. */
export function splitStatements(text: string): string[] {
  const statements: string[] = [];
  let tokens: Token[] = [];
  for (const token of [...tokenize(text), undefined]) {
    if (token === undefined || (token.kind === "op" && token.value === ";")) {
      const [first, last] = [tokens[0], tokens.at(-1)];
      if (first && last) statements.push(text.slice(first.start, last.end));
      tokens = [];
    } else tokens.push(token);
  }
  return statements;
}
