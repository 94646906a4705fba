/** What the embedded runner says about everything outside its subset. */
export const REAL_DBT_HINT =
  "The embedded runner covers a subset of dbt (shared/dbt/README.md). The real dbt can run it: `kc dbt --real …`, or dbt Cloud.";

export type DbtErrorKind = "usage" | "project" | "compile" | "unsupported" | "database";

/** A mistake in a dbt project or in how it is run: what happened, where, what to do next. */
export class DbtError extends Error {
  override readonly name = "DbtError";
  readonly kind: DbtErrorKind;
  /** `file:line`, relative to the project. */
  where: string | undefined;
  hint: string | undefined;

  constructor(
    kind: DbtErrorKind,
    message: string,
    options: { where?: string | undefined; hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.where = options.where;
    this.hint = options.hint ?? (kind === "unsupported" ? REAL_DBT_HINT : undefined);
  }

  /** The whole text as a log shows it. */
  override toString(): string {
    return `${this.where ? `${this.where}: ` : ""}${this.message}${this.hint ? `\n  ${this.hint}` : ""}`;
  }
}

/** A part of dbt that the embedded runner does not have. */
export const unsupported = (what: string, where?: string): DbtError =>
  new DbtError("unsupported", `${what} is outside the embedded runner's subset`, { where });

export const errorText = (error: unknown): string =>
  error instanceof DbtError ? error.toString() : error instanceof Error ? error.message : String(error);

/** Up to three of the names that are near to the wanted one, as ` Did you mean "a"?`, else an empty string. */
export function didYouMean(wanted: string, names: Iterable<string>): string {
  const near = [...names]
    .map((name) => [distance(wanted, name), name] as const)
    .filter(([far]) => far <= Math.max(2, wanted.length / 3))
    .sort((a, b) => a[0] - b[0])
    .slice(0, 3)
    .map(([, name]) => `"${name}"`);
  return near.length === 0 ? "" : ` Did you mean ${near.join(" or ")}?`;
}

function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++)
      row[j] = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    previous = row;
  }
  return previous[b.length]!;
}
