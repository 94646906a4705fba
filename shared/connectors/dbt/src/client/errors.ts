import { UserError } from "@kc/runtime";

/** What dbt Cloud answered, or why it could not be asked. Never carries the token. */
export class DbtCloudError extends UserError {
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  /** True when the request may have been carried out although no answer came. */
  readonly lost: boolean;

  constructor(
    message: string,
    options: { status?: number | undefined; hint?: string | undefined; cause?: unknown; lost?: boolean } = {},
  ) {
    super(message, { hint: options.hint, cause: options.cause });
    this.status = options.status;
    this.lost = options.lost ?? false;
  }
}

export const isMissing = (error: unknown): boolean => error instanceof DbtCloudError && error.status === 404;

const hints: Record<number, string> = {
  401: "The token is wrong, expired or revoked: check DBT_CLOUD_TOKEN, and that DBT_CLOUD_ACCESS_URL is the URL of the account's cell.",
  403: "The token lacks the permission: it needs at least Job Admin on the project.",
  404: "It does not exist or is not yours: check DBT_CLOUD_ACCOUNT_ID, DBT_CLOUD_PROJECT_ID and DBT_CLOUD_ENVIRONMENT_ID.",
  429: "The account's rate limit is used up: raise DBT_CLOUD_POLLING_INTERVAL.",
};

/** The error behind an HTTP status, with the vendor's own message. */
export function errorOf(status: number, method: string, path: string, body: string): DbtCloudError {
  let message = "";
  try {
    message = (JSON.parse(body) as { status?: { user_message?: string } }).status?.user_message ?? "";
  } catch {
    message = body.slice(0, 200);
  }
  return new DbtCloudError(`dbt Cloud answered ${status} to ${method} ${path}${message ? `: ${message}` : ""}`, {
    status,
    hint: hints[status],
    lost: status >= 500,
  });
}
