import { UserError } from "@kc/runtime";
import { lookUp } from "./variables.ts";

/**
 * Evaluates the expression of a check: names of values (`run.total_rows`), numbers, texts, `== != < <= > >=`, `and or not && || !`,
 * parentheses, `+ - * /`. No calls, no assignment: the text comes from a file.
 */
export function evaluate(text: string, values: Readonly<Record<string, unknown>>, where: string): unknown {
  const tokens = [
    ...text.matchAll(/\s*(?:(\d+(?:\.\d+)?)|"([^"]*)"|'([^']*)'|([A-Za-z_][\w.]*)|(==|!=|<=|>=|&&|\|\||[-+*/<>!()]))|\s*(\S)/g),
  ];
  let at = 0;
  const fail = (message: string): never => {
    throw new UserError(`the expression "${text}" ${message}`, {
      where,
      hint: "Compare values: run.total_rows > 0 and store.x[…] is not supported.",
    });
  };
  const operator = (): string | undefined =>
    tokens[at]?.[5] ?? (["and", "or", "not"].includes(tokens[at]?.[4] ?? "") ? tokens[at]![4] : undefined);
  const take = (...names: string[]): string | undefined => {
    const found = operator();
    if (found === undefined || !names.includes(found)) return undefined;
    at++;
    return found;
  };
  const binary = (next: () => unknown, table: Record<string, (a: unknown, b: unknown) => unknown>) => (): unknown => {
    let left = next();
    for (let name = take(...Object.keys(table)); name; name = take(...Object.keys(table))) left = table[name]!(left, next());
    return left;
  };
  const number = (value: unknown): number => {
    const converted = typeof value === "number" ? value : Number(value);
    return Number.isNaN(converted) || value === null || value === ""
      ? (fail(`needs a number, not ${JSON.stringify(value)}`) as never)
      : converted;
  };
  const compared = (a: unknown, b: unknown): number => {
    const texts = typeof a === "string" && typeof b === "string" && (Number.isNaN(Number(a)) || Number.isNaN(Number(b)));
    return texts ? (a < b ? -1 : a > b ? 1 : 0) : number(a) - number(b);
  };
  const same = (a: unknown, b: unknown): boolean => a === b || String(a) === String(b);

  const primary = (): unknown => {
    if (take("!", "not")) return !primary();
    if (take("-")) return -number(primary());
    if (take("(")) {
      const inner = or();
      if (!take(")")) fail("lacks a closing parenthesis");
      return inner;
    }
    const token = tokens[at++];
    if (!token || token[5]) return fail(token ? `has an unexpected "${token[5]}"` : "ends too early");
    if (token[6]) return fail(`has an unexpected "${token[6]}"`);
    if (token[1] !== undefined) return Number(token[1]);
    if (token[4] === undefined) return token[2] ?? token[3];
    if (token[4] === "true" || token[4] === "false") return token[4] === "true";
    if (token[4] === "null") return null;
    const value = lookUp(values, token[4]);
    return value === undefined
      ? fail(`names "${token[4]}", which is not known (known: ${Object.keys(values).join(", ")})`)
      : value;
  };
  const product = binary(primary, { "*": (a, b) => number(a) * number(b), "/": (a, b) => number(a) / number(b) });
  const sum = binary(product, { "+": (a, b) => number(a) + number(b), "-": (a, b) => number(a) - number(b) });
  const comparison = binary(sum, {
    "==": same,
    "!=": (a, b) => !same(a, b),
    "<": (a, b) => compared(a, b) < 0,
    "<=": (a, b) => compared(a, b) <= 0,
    ">": (a, b) => compared(a, b) > 0,
    ">=": (a, b) => compared(a, b) >= 0,
  });
  const and = binary(comparison, { and: (a, b) => Boolean(a) && Boolean(b), "&&": (a, b) => Boolean(a) && Boolean(b) });
  const or: () => unknown = binary(and, { or: (a, b) => Boolean(a) || Boolean(b), "||": (a, b) => Boolean(a) || Boolean(b) });
  const result = or();
  if (at < tokens.length) fail(`has an unexpected "${tokens[at]![0].trim()}"`);
  return result;
}
