import { type Logger, UserError } from "@kc/runtime";
import { parseType } from "../types/column-type.ts";

export type WriteDisposition = "append" | "replace" | "merge" | "skip";
/** What to do with a table, a column or a value that the destination does not know yet. */
export type ContractMode = "evolve" | "freeze" | "discard_row" | "discard_value";
export interface Contract {
  tables: ContractMode;
  columns: ContractMode;
  data_type: ContractMode;
}

/** Loads only what is new: rows whose cursor is at or after the highest one of the last load. */
export interface Incremental {
  /** Name of the field, after normalisation. */
  cursorPath: string;
  initialValue?: string | number;
  /** A row without the cursor: an error (default), loaded all the same, or left out. */
  onCursorValueMissing?: "raise" | "include" | "exclude";
  /** Rows at exactly the last cursor: `closed` (default) takes those that were not loaded yet, `open` none. */
  rangeStart?: "closed" | "open";
}

export interface RowsContext {
  /** Highest cursor of the last load, or the initial value. */
  cursor: string | number | undefined;
  log: Logger;
  signal: AbortSignal | undefined;
}
export type Row = Record<string, unknown>;

export interface LoadResourceOptions {
  name: string;
  /** Default: the name, in snake case. */
  tableName?: string;
  /** Default append. */
  writeDisposition?: WriteDisposition;
  primaryKey?: string | readonly string[];
  /** Rows of the target with these values are replaced together; PostgreSQL only. */
  mergeKey?: string | readonly string[];
  /** Types by column, as a replication file writes them; others are found in the values. */
  columns?: Readonly<Record<string, string>>;
  schemaContract?: ContractMode | Partial<Contract>;
  incremental?: Incremental;
  rows(context: RowsContext): Iterable<Row> | AsyncIterable<Row>;
}

export interface LoadResource extends Readonly<LoadResourceOptions> {
  readonly kind: "load resource";
  readonly keys: { primary: string[]; merge: string[] };
  readonly contract: Contract;
}

/** Something with a name that gives rows: a resource in the sense of dlt. */
export function loadResource(options: LoadResourceOptions): LoadResource {
  const list = (value: string | readonly string[] | undefined): string[] =>
    value === undefined ? [] : typeof value === "string" ? [value] : [...value];
  const keys = { primary: list(options.primaryKey), merge: list(options.mergeKey) };
  if (options.writeDisposition === "merge" && keys.primary.length + keys.merge.length === 0)
    throw new UserError(`resource "${options.name}" merges without a key`, { hint: "Give it a primaryKey or a mergeKey." });
  for (const type of Object.values(options.columns ?? {})) parseType(type, `resource "${options.name}"`);
  const given = options.schemaContract ?? "evolve";
  const contract =
    typeof given === "string"
      ? { tables: given, columns: given, data_type: given }
      : ({ tables: "evolve", columns: "evolve", data_type: "evolve", ...given } as Contract);
  return { kind: "load resource", ...options, keys, contract };
}

/** Several resources under one name. */
export interface LoadSource {
  readonly kind: "load source";
  readonly name: string;
  readonly resources: readonly LoadResource[];
}

export function loadSource(name: string, resources: readonly LoadResource[]): LoadSource {
  const twice = resources.find((resource, index) => resources.findIndex((other) => other.name === resource.name) !== index);
  if (twice) throw new UserError(`source "${name}" has two resources named "${twice.name}"`);
  return { kind: "load source", name, resources };
}
