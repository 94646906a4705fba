/** What the replication language has and kc does not take, with the reason or the way to do it. Everything in neither table is a mistake. */
export const refused = {
  top: {} as Record<string, string>,
  stream: {
    change_capture_options: "change data capture is not supported; use mode: incremental with an update_key.",
    schedule:
      "a stream has no schedule of its own; define a schedule or an automation condition of the asset (meta.kc.automation).",
    files: "name the files by a wildcard in the stream's name.",
    single: "every file of a wildcard is a stream of its own.",
    replication_mode: "write mode.",
  } as Record<string, string>,
  source_options: {
    null_if: "a value becomes NULL only where it is empty (empty_as_null), or by transforms.",
    flatten: "nested files are not read; use loadPipeline for nested records.",
    jmespath: "only CSV files are read.",
    jq: "only CSV files are read.",
    sheet: "only CSV files are read.",
    range_sheet: "only CSV files are read.",
    max_decimals: "no value is rounded; fix a type under columns.",
    fields_per_rec: "a ragged row is an error with its line.",
    skip_blank_lines: "a blank line is an error with its line.",
    datetime_format: "only ISO 8601 is read as a date or time; everything else stays text.",
    offset: "use where.",
    chunk_size: "a stream is read in one pass with flat memory.",
    chunk_count: "a stream is read in one pass with flat memory.",
    chunk_expr: "a stream is read in one pass with flat memory.",
  } as Record<string, string>,
  target_options: {
    table_ddl: "create the table beforehand and use mode: truncate.",
    table_keys: "create keys and indexes on the target; loads keep them.",
    table_tmp: "staging has a name of its own and is never seen.",
    column_typing: "fix types under columns.",
    use_bulk: "every load is a bulk load.",
    batch_limit: "a load is one transaction.",
    file_max_rows: "targets are tables.",
    file_max_bytes: "targets are tables.",
    ignore_existing: "set disabled: true on the stream.",
    isolation_level: "a load is one transaction that nobody sees before its end.",
    direct_insert: "a load always goes through staging.",
    concurrency: "streams run side by side as steps of the run.",
    encoding: "tables hold UTF-8.",
  } as Record<string, string>,
};

export const refusedHooks: Record<string, string> = Object.fromEntries(
  ["copy", "delete", "command", "inspect", "store", "read", "write", "list", "group", "replication", "pipeline", "routine"].map(
    (type) => [type, `hook type "${type}" is not supported; query, check, log and http are. Write an asset for the rest.`],
  ),
);

export const refusedModes: Record<string, string> = {
  "change-capture": "change data capture is not supported; use incremental with an update_key.",
  "definition-only": "use truncate on a table you create, or full-refresh.",
};
