/** Why PostgreSQL cannot start here, and what to do about it. */
export class PostgresStartError extends Error {
  override readonly name = "PostgresStartError";
  readonly hint: string | undefined;

  constructor(message: string, hint?: string, cause?: unknown) {
    super(hint ? `${message}\n  ${hint}` : message, cause === undefined ? undefined : { cause });
    this.hint = hint;
  }
}

export const ownServerHint =
  "Set LOCAL_POSTGRES_HOST, LOCAL_POSTGRES_USER and LOCAL_POSTGRES_PASSWORD to use a PostgreSQL server of your own instead.";
