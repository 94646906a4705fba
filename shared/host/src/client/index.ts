export { ApiError, type ApiClient, apiClient } from "./client.ts";
export type * from "./types.ts";
