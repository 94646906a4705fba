export interface SqlResult {
  columns: { name: string; type: string }[];
  rows: (string | null)[][];
  queryId?: string;
}

/** Where the embedded runner sends its SQL: anything that speaks Databricks SQL, one statement at a time. */
export interface SqlExecutor {
  execute(sql: string, options?: { signal?: AbortSignal }): Promise<SqlResult>;
}

/** The number in a named column of a one-row result, when it is there. */
export function numberIn(result: SqlResult, column: string): number | undefined {
  const index = result.columns.findIndex((item) => item.name.toLowerCase() === column);
  const text = index < 0 ? undefined : result.rows[0]?.[index];
  return text === undefined || text === null || text === "" || Number.isNaN(Number(text)) ? undefined : Number(text);
}
