/**
 * A mistake of the person using kc, told without a stack: what happened, to which name, and what to do next.
 * Everything else that is thrown is an internal error and keeps its stack.
 */
export class UserError extends Error {
  override readonly name = "UserError";
  /** `file:line:column` of the culprit, where known. */
  readonly where: string | undefined;
  /** What to do next. */
  readonly hint: string | undefined;

  /** Trying the step again would change nothing: its retry policy does not apply. */
  readonly final: boolean;

  constructor(
    message: string,
    options: { where?: string | undefined; hint?: string | undefined; cause?: unknown; final?: boolean } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.where = options.where;
    this.hint = options.hint;
    this.final = options.final ?? false;
  }

  /** The whole text as a terminal shows it. */
  override toString(): string {
    const place = this.where ? `${this.where}: ` : "";
    return `${place}${this.message}${this.hint ? `\n  ${this.hint}` : ""}`;
  }
}

/** The text of anything thrown, on one or more lines. Never throws itself. */
export function errorText(error: unknown): string {
  // Node tells a refused connection to a name of several addresses as an AggregateError without a text of its own.
  if (error instanceof AggregateError && !error.message && error.errors.length > 0) return error.errors.map(errorText).join("; ");
  if (error instanceof Error) return error.message || error.name;
  if (typeof error === "string") return error;
  try {
    return JSON.stringify(error) ?? String(error);
  } catch {
    return String(error);
  }
}

/** Names near to `wanted`, best first: for "did you mean". At most three, none further than a third of its length (at least two letters). */
export function nearest(wanted: string, names: Iterable<string>): string[] {
  // Of a short name at least one letter must stay: everything is near to "x".
  const limit = Math.min(Math.max(2, Math.floor(wanted.length / 3)), wanted.length - 1);
  const scored: [number, string][] = [];
  for (const name of names) {
    const contained = name.endsWith(`/${wanted}`) || wanted.endsWith(`/${name}`);
    const distance = contained ? 0 : editDistance(wanted, name, limit);
    if (distance <= limit) scored.push([distance, name]);
  }
  return scored
    .sort((a, b) => a[0] - b[0] || a[1].localeCompare(b[1]))
    .slice(0, 3)
    .map(([, name]) => name);
}

/** ` Did you mean "a" or "b"?`, or an empty string when nothing is near. */
export function didYouMean(wanted: string, names: Iterable<string>): string {
  const found = nearest(wanted, names).map((name) => `"${name}"`);
  return found.length === 0 ? "" : ` Did you mean ${found.join(" or ")}?`;
}

function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++)
      row[j] = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    previous = row;
  }
  return previous[b.length]!;
}
