export type LakehouseErrorCode =
  | "TABLE_NOT_FOUND"
  | "TABLE_EXISTS"
  | "UNSUPPORTED_FEATURE"
  | "UNSUPPORTED_TYPE"
  | "CORRUPT_LOG"
  | "VERSION_NOT_FOUND"
  | "SCHEMA_MISMATCH"
  | "NOT_NULL_VIOLATION"
  | "APPEND_ONLY"
  | "CONCURRENT_MODIFICATION"
  | "MULTIPLE_SOURCE_ROWS"
  | "INVALID_NAME"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "NOT_EMPTY";

/** An expected failure of the lakehouse: what happened, to which table or name, and what to do next. */
export class LakehouseError extends Error {
  readonly code: LakehouseErrorCode;
  readonly where: string | undefined;
  readonly hint: string | undefined;

  constructor(code: LakehouseErrorCode, message: string, detail: { where?: string; hint?: string; cause?: unknown } = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = "LakehouseError";
    this.code = code;
    this.where = detail.where;
    this.hint = detail.hint;
  }
}
