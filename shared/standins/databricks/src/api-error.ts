/** An answer that is an error, in Databricks' own words and status. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
  }
}

export const invalid = (message: string): ApiError => new ApiError(400, "INVALID_PARAMETER_VALUE", message);
export const notFound = (message: string): ApiError => new ApiError(404, "RESOURCE_DOES_NOT_EXIST", message);
