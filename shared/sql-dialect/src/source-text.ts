import { isOp } from "./cursor.ts";
import type { Token } from "./token.ts";

/** Tokens as Databricks SQL again, for a view's text: it means the same, without comments and with its parameters in place. */
export function sourceText(tokens: Token[]): string {
  let text = "";
  tokens.forEach((token, index) => {
    const glued = index === 0 || isOp(token, ".") || isOp(tokens[index - 1], ".");
    text += `${glued ? "" : " "}${written(token)}`;
  });
  return text;
}

function written(token: Token): string {
  if (token.kind === "string") return `'${token.value.replace(/\\(?![%_])/g, "\\\\").replaceAll("'", "\\'")}'`;
  if (token.kind === "quoted") return `\`${token.value.replaceAll("`", "``")}\``;
  return token.value;
}
