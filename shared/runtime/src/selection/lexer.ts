import { UserError } from "../errors.ts";

export interface Token {
  type: "word" | "string" | "(" | ")" | "+" | ":" | "=" | ",";
  text: string;
  /** Offset in the selection. */
  at: number;
  /** Nothing but the previous token stands before it: `2+x` differs from `2 + x`. */
  touches: boolean;
}

/**
 * Tokens of a selection.
 * @throws UserError at an unclosed string or a character that no selection has.
 */
export function lex(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let touches = false;
  while (at < text.length) {
    const rest = text.slice(at);
    const space = /^\s+/.exec(rest)?.[0];
    if (space) {
      at += space.length;
      touches = false;
      continue;
    }
    const mark = rest[0]!;
    const quoted = mark === '"' ? /^"((?:[^"\\]|\\.)*)"/.exec(rest) : null;
    const word = /^[\p{L}\p{N}_*@./-]+/u.exec(rest)?.[0];
    if (quoted) tokens.push({ type: "string", text: quoted[1]!.replace(/\\(.)/g, "$1"), at, touches });
    else if ("()+:=,".includes(mark)) tokens.push({ type: mark as Token["type"], text: mark, at, touches });
    else if (word) tokens.push({ type: "word", text: word, at, touches });
    else if (mark === '"') throw selectionError(text, at, "a string is not closed");
    else throw selectionError(text, at, `unexpected "${mark}"`);
    at += quoted?.[0].length ?? (word && !"()+:=,".includes(mark) ? word.length : 1);
    touches = true;
  }
  return tokens;
}

/** An error that shows where in the selection it is. */
export function selectionError(text: string, at: number, message: string): UserError {
  const shown = text.trim() === "" ? "" : `\n    ${text}\n    ${" ".repeat(at)}^`;
  return new UserError(`selection: ${message}${shown}`, {
    hint: 'Examples: orders · +orders · orders+2 · group:staging and not kind:dbt · roots(location:dbt) · tag:"tier"="gold"',
  });
}
