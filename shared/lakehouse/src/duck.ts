import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

export interface DuckOptions {
  /** Upper bound of DuckDB's memory, as DuckDB writes it ("2GB"). Default: DuckDB's own, 80 % of the machine. */
  memoryLimit?: string;
  /** Where DuckDB may spill what does not fit into memory. Default: it may not spill. */
  tempDirectory?: string;
  threads?: number;
}

/** A DuckDB for compute only: in memory, UTC, no extension downloads. The truth of the lakehouse is on disk as Delta tables. */
export async function openDuck(options: DuckOptions = {}): Promise<DuckDBInstance> {
  const config: Record<string, string> = {
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    default_null_order: "nulls_first_on_asc_last_on_desc",
    temp_directory: options.tempDirectory ?? "",
  };
  if (options.memoryLimit !== undefined) config.memory_limit = options.memoryLimit;
  if (options.threads !== undefined) config.threads = String(options.threads);
  const instance = await DuckDBInstance.create(":memory:", config);
  const connection = await instance.connect();
  await connection.run("SET GLOBAL TimeZone = 'UTC'");
  connection.closeSync();
  return instance;
}

/** Runs `use` with a connection of its own DuckDB, closed afterwards. */
export async function withDuck<T>(use: (connection: DuckDBConnection) => Promise<T>, options: DuckOptions = {}): Promise<T> {
  const instance = await openDuck(options);
  const connection = await instance.connect();
  try {
    return await use(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Rows as plain JSON values; 64-bit integers and decimals arrive as strings, exact. */
export async function queryRows(connection: DuckDBConnection, sql: string): Promise<Record<string, unknown>[]> {
  const reader = await connection.runAndReadAll(sql);
  return reader.getRowObjectsJson() as Record<string, unknown>[];
}

export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const quoteLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A path for DuckDB's file functions, which would read `*`, `?` and `[` as a glob. */
export const quotePath = (path: string): string => quoteLiteral(path.replace(/[[*?]/g, (character) => `[${character}]`));
