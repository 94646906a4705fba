/** A statement that is wrong or that the local engine does not speak; `sqlState` and `errorClass` are those of Databricks SQL. */
export class DialectError extends Error {
  readonly sqlState: string;
  readonly errorClass: string;

  constructor(errorClass: string, sqlState: string, message: string) {
    super(`[${errorClass}] ${message}`);
    this.name = "DialectError";
    this.errorClass = errorClass;
    this.sqlState = sqlState;
  }
}

/** SQL that is valid on Databricks and that is refused here rather than guessed. */
export function unsupported(what: string, remedy?: string): DialectError {
  const hint = remedy === undefined ? "" : ` ${remedy}`;
  return new DialectError(
    "UNSUPPORTED_FEATURE",
    "0A000",
    `The local Databricks SQL does not support ${what}.${hint} SQLSTATE: 0A000`,
  );
}

export function syntaxError(near: string, detail = ""): DialectError {
  return new DialectError(
    "PARSE_SYNTAX_ERROR",
    "42601",
    `Syntax error at or near ${near}.${detail ? ` ${detail}` : ""} SQLSTATE: 42601`,
  );
}
