import { LakehouseError } from "@kc/lakehouse";
import { DialectError } from "@kc/sql-dialect";
import { ApiError } from "../api-error.ts";

/** Why a statement failed, as the statement API and a run's output tell it. */
export interface Failure {
  error_code: string;
  message: string;
  sql_state: string;
}

const lakehouseStates: Record<string, [string, string]> = {
  TABLE_NOT_FOUND: ["TABLE_OR_VIEW_NOT_FOUND", "42P01"],
  TABLE_EXISTS: ["TABLE_OR_VIEW_ALREADY_EXISTS", "42P07"],
  ALREADY_EXISTS: ["ALREADY_EXISTS", "42710"],
  NOT_FOUND: ["OBJECT_NOT_FOUND", "42704"],
  NOT_EMPTY: ["SCHEMA_NOT_EMPTY", "2BP01"],
  INVALID_NAME: ["DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES", "42K05"],
  SCHEMA_MISMATCH: ["DELTA_SCHEMA_MISMATCH", "42KDG"],
  NOT_NULL_VIOLATION: ["DELTA_NOT_NULL_CONSTRAINT_VIOLATED", "23502"],
  APPEND_ONLY: ["DELTA_CANNOT_MODIFY_APPEND_ONLY", "42809"],
  CONCURRENT_MODIFICATION: ["DELTA_CONCURRENT_WRITE", "2D521"],
  MULTIPLE_SOURCE_ROWS: ["DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE", "21506"],
  UNSUPPORTED_FEATURE: ["UNSUPPORTED_FEATURE", "0A000"],
  UNSUPPORTED_TYPE: ["UNSUPPORTED_DATATYPE", "0A000"],
  VERSION_NOT_FOUND: ["VERSION_NOT_FOUND", "22003"],
};

/** DuckDB's messages by their beginning, as Databricks classifies them. */
const duckStates: [RegExp, string, string][] = [
  [
    /^Binder Error: (Referenced (column|table)|.*not found in FROM|Table .* does not have a column)/,
    "UNRESOLVED_COLUMN.WITH_SUGGESTION",
    "42703",
  ],
  [/^Binder Error: .*(Ambiguous|ambiguous)/, "AMBIGUOUS_REFERENCE", "42704"],
  [/must appear in the GROUP BY/, "MISSING_AGGREGATION", "42803"],
  [/^Binder Error/, "DATATYPE_MISMATCH", "42K09"],
  [/^Conversion Error/, "CAST_INVALID_INPUT", "22018"],
  [/^Out of Range Error/, "ARITHMETIC_OVERFLOW", "22003"],
  [/^Out of Memory Error/, "OUT_OF_MEMORY", "53200"],
  [/^Parser Error/, "PARSE_SYNTAX_ERROR", "42601"],
  [/^IO Error/, "FAILED_READ_FILE", "KD001"],
  [/^Invalid Input Error/, "INVALID_INPUT", "22023"],
];

export function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof DialectError) return { error_code: "BAD_REQUEST", message, sql_state: error.sqlState };
  if (error instanceof LakehouseError) {
    const [name, state] = lakehouseStates[error.code] ?? ["INTERNAL_ERROR", "XX000"];
    const hint = error.hint === undefined ? "" : ` ${error.hint}`;
    return { error_code: "BAD_REQUEST", message: `[${name}] ${message}${hint} SQLSTATE: ${state}`, sql_state: state };
  }
  if (error instanceof ApiError) return { error_code: error.code, message: `[${error.code}] ${message}`, sql_state: "42K03" };
  const own = /\[[A-Z_.]+\] .*SQLSTATE: (\w{5})/s.exec(message);
  if (own) return { error_code: "BAD_REQUEST", message: own[0], sql_state: own[1] ?? "XX000" };
  const known = duckStates.find(([pattern]) => pattern.test(message));
  if (known) return { error_code: "BAD_REQUEST", message: `[${known[1]}] ${message} SQLSTATE: ${known[2]}`, sql_state: known[2] };
  return { error_code: "INTERNAL_ERROR", message: `[INTERNAL_ERROR] ${message} SQLSTATE: XX000`, sql_state: "XX000" };
}
