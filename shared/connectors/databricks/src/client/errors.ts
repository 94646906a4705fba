/** What the workspace answered, or why it could not be asked. Carries the vendor's code and message, never the token. */
export class DatabricksError extends Error {
  override readonly name: string = "DatabricksError";
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  /** The vendor's code: RESOURCE_DOES_NOT_EXIST, REQUEST_LIMIT_EXCEEDED, … or a network code such as ECONNREFUSED. */
  readonly errorCode: string;
  readonly hint: string | undefined;
  /** Trying again would change nothing: a step's retry policy does not apply. */
  readonly final: boolean;

  constructor(
    message: string,
    options: { status?: number | undefined; errorCode: string; hint?: string | undefined; cause?: unknown },
  ) {
    super(
      options.hint ? `${message}\n  ${options.hint}` : message,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.status = options.status;
    this.errorCode = options.errorCode;
    this.hint = options.hint;
    this.final = options.status === 401 || options.status === 403;
  }
}

/** A SQL statement that the warehouse refused, failed or cancelled. */
export class DatabricksSqlError extends DatabricksError {
  override readonly name: string = "DatabricksSqlError";
  readonly sqlState: string | undefined;
  readonly statementId: string | undefined;

  constructor(message: string, options: { errorCode: string; sqlState?: string | undefined; statementId?: string | undefined }) {
    super(message, options);
    this.sqlState = options.sqlState;
    this.statementId = options.statementId;
  }
}

/**
 * A request that may or may not have been carried out: the answer was lost and repeating it could do the work twice.
 * The caller has to look before asking again.
 */
export class DatabricksLostAnswerError extends DatabricksError {
  override readonly name: string = "DatabricksLostAnswerError";
}

/** Whether an error says that the named thing does not exist. Missing jobs and runs come as 400 with INVALID_PARAMETER_VALUE. */
export function isMissing(error: unknown): boolean {
  if (!(error instanceof DatabricksError)) return false;
  if (error.status === 404 || /(_DOES_NOT_EXIST|_NOT_FOUND)$/.test(error.errorCode))
    return error.errorCode !== "ENDPOINT_NOT_FOUND";
  return error.status === 400 && error.errorCode === "INVALID_PARAMETER_VALUE" && /does not exist/.test(error.message);
}

/** Whether an error says that the thing to be made is there already. */
export function isExisting(error: unknown): boolean {
  return error instanceof DatabricksError && (/ALREADY_EXISTS$/.test(error.errorCode) || error.status === 409);
}

const hints: Record<number, string> = {
  401: "The token is missing, expired or revoked: check DATABRICKS_TOKEN.",
  403: "The token's owner lacks the permission: grant it in the workspace, or use another token.",
  429: "The workspace keeps refusing for rate: try again later, or run fewer steps at once.",
};

/** The error of an HTTP answer that is not a success. */
export function answerError(request: string, status: number, body: string): DatabricksError {
  let code: string | undefined;
  let message: string | undefined;
  try {
    const parsed = JSON.parse(body) as { error_code?: unknown; message?: unknown; detail?: unknown; scimType?: unknown };
    code = typeof parsed.error_code === "string" ? parsed.error_code : undefined;
    message = typeof parsed.message === "string" ? parsed.message : typeof parsed.detail === "string" ? parsed.detail : undefined;
  } catch {
    // A proxy's HTML or an empty body: the status alone must do.
  }
  const text = message ?? (body.trim() ? body.trim().replaceAll(/\s+/g, " ").slice(0, 200) : "no message");
  return new DatabricksError(`Databricks answered ${status} ${code ?? ""} to ${request}: ${text}`.replace("  ", " "), {
    status,
    errorCode: code ?? `HTTP_${status}`,
    hint: hints[status],
  });
}
