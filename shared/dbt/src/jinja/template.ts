import { parse, tokenize } from "@huggingface/jinja";
import { DbtError, unsupported } from "../errors.ts";

/** A node of the template's syntax tree, with the place it came from. */
export interface JinjaNode {
  type: string;
  file?: string;
  line?: number;
  /** Stands in a body, so that its value is printed. */
  printed?: boolean;
  [field: string]: unknown;
}

interface Token {
  type: string;
  value: string;
  line?: number;
}

interface Tag {
  start: number;
  end: number;
  line: number;
}

const refused = new Set([
  "raw",
  "import",
  "from",
  "include",
  "extends",
  "block",
  "autoescape",
  "trans",
  "with",
  "materialization",
  "snapshot",
  "filter",
]);

/**
 * Parses a template and notes for each node its file and line, which the library does not keep.
 * `{% do x %}` and `{% test name(…) %}` are rewritten on the tokens into the `set` and `macro` the library knows.
 * @throws DbtError with the line of the fault.
 */
export function parseTemplate(source: string, file: string): JinjaNode {
  const tags = scanTags(source, file);
  const tokens = rewrite(tokenizeAt(source, file, tags), file);
  let furthest = 0;
  const watched = new Proxy(tokens, {
    get(target, name) {
      const index = typeof name === "string" && /^\d+$/.test(name) ? Number(name) : -1;
      if (index > furthest && index < target.length) furthest = index;
      return Reflect.get(target, name) as unknown;
    },
  });
  let program: JinjaNode;
  try {
    program = parse(watched as never) as unknown as JinjaNode;
  } catch (error) {
    const where = `${file}:${tokens[furthest]?.line ?? 1}`;
    const text = (error as Error).message;
    const unknown = /Unknown statement type: (\w+)/.exec(text);
    if (unknown && /^(end|el)/.test(unknown[1]!)) throw new DbtError("compile", `{% ${unknown[1]} %} closes no block`, { where });
    if (unknown) throw unsupported(`Jinja's {% ${unknown[1]} %}`, where);
    if (error instanceof TypeError)
      throw new DbtError("compile", "the template ends inside a block that is not closed", { where });
    throw new DbtError("compile", `Jinja: ${text.replace(/^Parser Error: /, "")}`, { where });
  }
  annotate(program, tokens, file);
  return program;
}

function tokenizeAt(source: string, file: string, tags: Tag[]): Token[] {
  let tokens: Token[];
  try {
    tokens = tokenize(source) as unknown as Token[];
  } catch (error) {
    const culprit = tags.find((tag) => {
      try {
        tokenize(source.slice(tag.start, tag.end));
        return false;
      } catch {
        return true;
      }
    });
    throw new DbtError("compile", `Jinja: ${(error as Error).message}`, { where: `${file}:${culprit?.line ?? 1}` });
  }
  let index = -1;
  let position = 0;
  let line = 1;
  for (const token of tokens) {
    if (token.type === "OpenStatement" || token.type === "OpenExpression" || token.type === "Comment") {
      index++;
      position = tags[index]?.start ?? position;
      line = tags[index]?.line ?? line;
    } else if (token.type === "Identifier" || token.type === "StringLiteral") {
      const found = source.indexOf(token.value, position);
      if (found >= 0 && found < (tags[index]?.end ?? 0)) {
        line += source.slice(position, found).split("\n").length - 1;
        position = found;
      }
    }
    token.line = line;
  }
  return tokens;
}

function rewrite(tokens: Token[], file: string): Token[] {
  const out: Token[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index]!;
    const before = tokens[index - 1];
    const line = token.line ?? 1;
    if (before?.type === "OpenStatement" && token.type === "Identifier") {
      if (refused.has(token.value)) throw unsupported(`Jinja's {% ${token.value} %}`, `${file}:${line}`);
      if (token.value === "do") {
        for (const [type, value] of [
          ["Identifier", "set"],
          ["Identifier", "__do"],
          ["Equals", "="],
        ])
          out.push({ type: type!, value: value!, line });
        continue;
      }
      if (token.value === "test") {
        out.push({ ...token, value: "macro" }, { ...tokens[++index]!, value: `test_${tokens[index]!.value}` });
        continue;
      }
      if (token.value === "endtest") {
        out.push({ ...token, value: "endmacro" });
        continue;
      }
    }
    out.push(token);
  }
  return out;
}

/** Where each tag starts and ends, skipping closing marks inside strings. */
function scanTags(source: string, file: string): Tag[] {
  const tags: Tag[] = [];
  let line = 1;
  for (let at = 0; at < source.length; at++) {
    if (source[at] === "\n") line++;
    const kind = source[at] === "{" ? source[at + 1] : undefined;
    if (kind !== "{" && kind !== "%" && kind !== "#") continue;
    const end = tagEnd(source, at + 2, kind);
    if (end < 0) throw new DbtError("compile", `the tag "{${kind}" is not closed`, { where: `${file}:${line}` });
    tags.push({ start: at, end, line });
    line += source.slice(at, end).split("\n").length - 1;
    at = end - 1;
  }
  return tags;
}

function tagEnd(source: string, from: number, kind: string): number {
  if (kind === "#") {
    const end = source.indexOf("#}", from);
    return end < 0 ? -1 : end + 2;
  }
  let depth = 0;
  for (let at = from; at < source.length; at++) {
    const char = source[at]!;
    if (char === "'" || char === '"') {
      for (at++; at < source.length && source[at] !== char; at++) if (source[at] === "\\") at++;
    } else if (char === "{") depth++;
    else if (char === "}" && depth > 0) depth--;
    else if (char === (kind === "{" ? "}" : "%") && source[at + 1] === "}") return at + 2;
  }
  return -1;
}

/** Children in the order of the source, except where a field's order differs from it. */
const order: Record<string, string[]> = {
  Ternary: ["trueExpr", "condition", "falseExpr"],
  CallStatement: ["callerArgs", "call", "body"],
  If: ["test", "body", "alternate"],
};
const bodies = new Set(["body", "alternate", "defaultBlock"]);

function annotate(program: JinjaNode, tokens: Token[], file: string): void {
  let position = 0;
  const seek = (node: JinjaNode, types: string[]): void => {
    for (let index = position; index < tokens.length; index++) {
      if (!types.includes(tokens[index]!.type) || tokens[index]!.value !== node.value) continue;
      position = index + 1;
      node.line = tokens[index]!.line ?? 1;
      return;
    }
  };
  const visit = (node: JinjaNode): void => {
    node.file = file;
    if (node.type === "Identifier") seek(node, ["Identifier"]);
    else if (node.type === "StringLiteral") seek(node, ["StringLiteral", "Text"]);
    else visitFields(node);
  };
  const visitFields = (node: JinjaNode): void => {
    for (const field of order[node.type] ?? Object.keys(node)) {
      for (const child of childrenOf(node[field])) {
        if (bodies.has(field) && child.type !== "StringLiteral") child.printed = true;
        visit(child);
        if (node.line === undefined && child.line !== undefined) node.line = child.line;
      }
    }
  };
  visit(program);
}

function childrenOf(value: unknown): JinjaNode[] {
  if (Array.isArray(value)) return value.flatMap(childrenOf);
  if (value instanceof Map) return [...value].flatMap(([key, item]) => [...childrenOf(key), ...childrenOf(item)]);
  const node = value as JinjaNode | null;
  return typeof node === "object" &&
    node !== null &&
    typeof node.type === "string" &&
    !("printed" in node && node.type === "Token") &&
    isNode(node)
    ? [node]
    : [];
}

/** Operators are tokens, not nodes. */
const isNode = (node: JinjaNode): boolean => !/Operator$/.test(node.type);
