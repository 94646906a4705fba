import type { Kysely, RawBuilder, Transaction } from "kysely";
import type { Tables } from "./tables.ts";

/** What differs between the dialects. */
export interface Dialect {
  dialect: string;
  schemaVersion(): Promise<number>;
  bytes(): Promise<number>;
  /** Whether a run has the tag. */
  hasTag(name: string, value: string): RawBuilder<boolean>;
  /** Whether an error means that the database is away and may come back. */
  transient(error: unknown): boolean;
  /** Comes first in every write: where other processes write too they take turns, and are told. */
  begin?(tx: Tx): Promise<void>;
  /** Calls back after another process has written. */
  changes?(listener: () => void): () => Promise<void>;
}

export type Tx = Transaction<Tables>;

/** What every part of the storage works with. */
export interface Sql {
  db: Kysely<Tables>;
  facts: Dialect;
  /** One transaction at a time: SQLite has one connection, and projections read what they write. */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
}

/** A statement binds a limited number of values. */
export function* portions<T>(items: readonly T[], size = 1_000): Generator<T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}
