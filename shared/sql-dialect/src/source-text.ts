import type { Token } from "./token.ts";

/** Tokens as Databricks SQL again, for a view's text: it means the same, without comments and with its parameters in place. */
export function sourceText(tokens: Token[]): string {
  return tokens
    .map((token) => {
      if (token.kind === "string") return `'${token.value.replace(/\\(?![%_])/g, "\\\\").replaceAll("'", "\\'")}'`;
      if (token.kind === "quoted") return `\`${token.value.replaceAll("`", "``")}\``;
      return token.value;
    })
    .join(" ")
    .replaceAll(" . ", ".");
}
