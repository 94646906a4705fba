export { type ApiClient, ApiError, apiClient } from "./client.ts";
export * from "./follow.ts";
export type * from "./types.ts";
