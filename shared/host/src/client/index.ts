export { type ApiClient, ApiError, apiClient } from "./client.ts";
export type * from "./types.ts";
