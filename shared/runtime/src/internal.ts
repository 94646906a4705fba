export * from "./asset-key.ts";
export * from "./errors.ts";
export * from "./metadata.ts";
