export { type RunningPostgres, type StartOptions, startPostgres } from "./server.ts";
export { PostgresStartError } from "./start-error.ts";
