import { type Files, files } from "./client/files.ts";
import { type Jobs, jobs } from "./client/jobs.ts";
import { type ConnectionOptions, type Requester, requester } from "./client/request.ts";
import { type Statements, statements } from "./client/statements.ts";
import { type UnityCatalog, unityCatalog } from "./client/unity-catalog.ts";
import { type Workspace, workspace } from "./client/workspace.ts";

export * from "./client/errors.ts";
export type * from "./client/files.ts";
export { workspaceOrigin } from "./client/host.ts";
export {
  type Job,
  type JobSettings,
  type Jobs,
  type Run,
  type RunOutput,
  type RunState,
  runEnded,
  runSucceeded,
} from "./client/jobs.ts";
export type * from "./client/request.ts";
export {
  isRead,
  quoteName,
  quoteText,
  type StatementOptions,
  type StatementResult,
  type Statements,
} from "./client/statements.ts";
export type * from "./client/unity-catalog.ts";
export type * from "./client/workspace.ts";

export interface DatabricksOptions extends ConnectionOptions {
  /** SQL warehouse that runs the statements. */
  warehouseId: string;
  /** Where unqualified names of a statement are looked up. */
  catalog?: string | undefined;
  schema?: string | undefined;
}

/** One Databricks workspace. */
export interface DatabricksClient {
  /** `https://…` or, on loopback, `http://127.0.0.1:port`. */
  readonly origin: string;
  readonly warehouseId: string;
  readonly catalog: string | undefined;
  readonly schema: string | undefined;
  readonly statements: Statements;
  readonly unityCatalog: UnityCatalog;
  readonly files: Files;
  readonly workspace: Workspace;
  readonly jobs: Jobs;
  /** The request core, for endpoints that have no method here. */
  readonly http: Requester;
  close(): Promise<void>;
}

/**
 * A client of a Databricks workspace, or of anything on loopback that speaks its REST API. Asks nothing until it is used.
 * @throws DatabricksError at once when host or token cannot be right.
 */
export function databricksClient(options: DatabricksOptions): DatabricksClient {
  const http = requester(options);
  const { warehouseId, catalog, schema } = options;
  return {
    origin: http.origin,
    warehouseId,
    catalog,
    schema,
    statements: statements(http, { warehouseId, catalog, schema }),
    unityCatalog: unityCatalog(http),
    files: files(http),
    workspace: workspace(http),
    jobs: jobs(http),
    http,
    close: () => http.close(),
  };
}
