import { syntaxError } from "./errors.ts";
import type { Token } from "./token.ts";

/** A position in a list of tokens, with the few moves that a statement parser needs. */
export class Cursor {
  readonly tokens: Token[];
  at = 0;

  constructor(tokens: Token[]) {
    this.tokens = tokens;
  }
  peek(ahead = 0): Token | undefined {
    return this.tokens[this.at + ahead];
  }
  get done(): boolean {
    return this.at >= this.tokens.length;
  }
  /** Whether the next tokens are these words or operators. */
  is(...words: string[]): boolean {
    return words.every((word, i) => isWord(this.peek(i), word) || isOp(this.peek(i), word));
  }
  /** Takes these words if they come next. */
  take(...words: string[]): boolean {
    if (!this.is(...words)) return false;
    this.at += words.length;
    return true;
  }
  expect(...words: string[]): void {
    for (const word of words) if (!this.take(word)) throw syntaxError(this.here(), `Expected ${word}.`);
  }
  end(): void {
    if (!this.done) throw syntaxError(this.here());
  }
  here(): string {
    const token = this.peek();
    return token === undefined ? "end of input" : `'${token.value}'`;
  }
  /** The remaining tokens. */
  rest(): Token[] {
    const rest = this.tokens.slice(this.at);
    this.at = this.tokens.length;
    return rest;
  }
  /** The tokens up to one of these words at the same depth of brackets (left in place), or all that remain. */
  until(...stops: string[]): Token[] {
    const start = this.at;
    let depth = 0;
    for (; !this.done; this.at++) {
      const token = this.peek() as Token;
      if (depth === 0 && stops.some((stop) => isWord(token, stop) || isOp(token, stop))) break;
      if (token.kind !== "op") continue;
      if (token.value === "(" || token.value === "[") depth++;
      else if (token.value === ")" || token.value === "]") depth--;
      if (depth < 0) break;
    }
    return this.tokens.slice(start, this.at);
  }
  identifier(): string {
    const token = this.peek();
    if (token?.kind !== "word" && token?.kind !== "quoted") throw syntaxError(this.here(), "Expected a name.");
    this.at++;
    return token.value;
  }
  string(): string {
    const token = this.peek();
    if (token?.kind !== "string") throw syntaxError(this.here(), "Expected a string literal.");
    this.at++;
    return token.value;
  }
  /** A name of one to three parts; IDENTIFIER('a.b') has been replaced before. */
  name(): string[] {
    const parts = [this.identifier()];
    while (this.take(".")) parts.push(this.identifier());
    if (parts.length > 3) throw syntaxError(`'${parts.join(".")}'`, "A name has at most three parts.");
    return parts;
  }
}

export const isWord = (token: Token | undefined, word: string): boolean =>
  token?.kind === "word" && token.value.toUpperCase() === word;
export const isOp = (token: Token | undefined, op: string): boolean => token?.kind === "op" && token.value === op;
