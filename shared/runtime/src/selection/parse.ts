import { lex, selectionError, type Token } from "./lexer.ts";

export const filterNames = ["key", "group", "tag", "owner", "kind", "location"] as const;
export type FilterName = (typeof filterNames)[number];

/** A selection as a tree. Depths are numbers of edges; `Infinity` for all. */
export type Selection =
  | { type: "all" }
  | { type: "filter"; name: FilterName; pattern: string; value?: string; at: number }
  | { type: "traverse"; of: Selection; up: number; down: number }
  | { type: "roots" | "sinks"; of: Selection }
  | { type: "not"; of: Selection }
  | { type: "and" | "or"; parts: Selection[] };

/**
 * Parses a selection: `key:`, `group:`, `tag:`, `owner:`, `kind:`, `location:`, `*` wildcards, `+x`, `x+`, `2+x+1`,
 * `and or not ( )`, `roots()`, `sinks()`. `not` binds tighter than `and`, `and` tighter than `or`; a comma is an `or`.
 * @throws UserError that points at the offending character.
 */
export function parseSelection(text: string): Selection {
  const tokens = lex(text);
  let next = 0;
  let depth = 0;
  const peek = (): Token | undefined => tokens[next];
  const fail = (message: string, token = peek()): never => {
    throw selectionError(text, token?.at ?? text.length, message);
  };
  const isWord = (word: string) => peek()?.type === "word" && peek()!.text.toLowerCase() === word;

  const list = (type: "and" | "or", part: () => Selection): Selection => {
    const parts = [part()];
    while (isWord(type) || (type === "or" && peek()?.type === ",")) {
      next++;
      parts.push(part());
    }
    return parts.length === 1 ? parts[0]! : { type, parts };
  };
  const or = (): Selection => list("or", and);
  const and = (): Selection => list("and", not);
  const not = (): Selection => {
    if (!isWord("not")) return traverse();
    deeper();
    next++;
    const of = not();
    depth--;
    return { type: "not", of };
  };
  const traverse = (): Selection => {
    let up = 0;
    const first = peek();
    const second = tokens[next + 1];
    if (first?.type === "+") {
      up = Number.POSITIVE_INFINITY;
      next++;
    } else if (first?.type === "word" && /^\d+$/.test(first.text) && second?.type === "+" && second.touches) {
      up = Number(first.text);
      next += 2;
    }
    const of = primary();
    let down = 0;
    if (peek()?.type === "+") {
      next++;
      const count = peek();
      if (count?.type === "word" && /^\d+$/.test(count.text) && count.touches) {
        down = Number(count.text);
        next++;
      } else down = Number.POSITIVE_INFINITY;
    }
    return up === 0 && down === 0 ? of : { type: "traverse", of, up, down };
  };
  /** A selection comes from outside: without a limit its parentheses would overflow the stack. */
  const deeper = () => {
    if (++depth > 200) fail("it is nested too deeply");
  };
  const group = (): Selection => {
    deeper();
    next++;
    const of = or();
    depth--;
    if (peek()?.type !== ")") fail('")" is missing');
    next++;
    return of;
  };
  const primary = (): Selection => {
    const token = peek();
    if (!token) return fail("it ends too early");
    if (token.type === "(") return group();
    if (token.type !== "word" && token.type !== "string") return fail(`unexpected "${token.text}"`);
    const after = tokens[next + 1];
    if (token.type === "word" && after?.type === "(" && (token.text === "roots" || token.text === "sinks")) {
      next++;
      return { type: token.text, of: group() };
    }
    next++;
    if (token.type === "word" && after?.type === ":") {
      next++;
      return filter(token);
    }
    if (token.type === "word" && token.text === "*") return { type: "all" };
    if (token.type === "word" && /^(and|or|not)$/i.test(token.text)) fail(`unexpected "${token.text}"`, token);
    return { type: "filter", name: "key", pattern: token.text, at: token.at };
  };
  const filter = (name: Token): Selection => {
    const known = name.text === "code_location" ? "location" : name.text;
    if (!filterNames.includes(known as FilterName))
      fail(`there is no filter "${name.text}:"; there are ${filterNames.map((one) => `${one}:`).join(" ")}`, name);
    const pattern = operand(`after "${name.text}:"`);
    const base = { type: "filter" as const, name: known as FilterName, at: name.at };
    if (known === "tag" && peek()?.type === "=") {
      next++;
      return { ...base, pattern, value: operand('after "="') };
    }
    // An owner such as team:data holds a colon of its own.
    if (known === "owner" && peek()?.type === ":" && peek()!.touches) {
      next++;
      return { ...base, pattern: `${pattern}:${operand("after the owner's colon")}` };
    }
    return { ...base, pattern };
  };
  const operand = (where: string): string => {
    const token = peek();
    if (token?.type !== "word" && token?.type !== "string") fail(`a value is missing ${where}`);
    next++;
    return token!.text;
  };

  if (tokens.length === 0) fail("it is empty");
  const selection = or();
  if (next < tokens.length) fail(`unexpected "${peek()!.text}"`);
  return selection;
}
