// run a command of the embedded runner

export { type DbtCommand, parseCommand } from "./command/arguments.ts";
export type { Catalog } from "./command/catalog.ts";
export { type Invocation, type InvokeOptions, invokeDbt } from "./command/invoke.ts";
export { DbtError, type DbtErrorKind } from "./errors.ts";
export type { Target } from "./jinja/renderer.ts";
// manifests, with or without a project
export {
  allNodes,
  type Manifest,
  type ManifestColumn,
  type ManifestNode,
  type ManifestSource,
  metaOf,
  parentsOf,
} from "./manifest.ts";
export { projectHash } from "./project/project.ts";
// the real dbt
export { findRealDbt, type RealDbt } from "./real-dbt.ts";
export type { SqlExecutor, SqlResult } from "./run/executor.ts";
export type { NodeResult, RunResults, RunStatus } from "./run/run-results.ts";
export { type IndirectSelection, type Selection, selectNodes } from "./select/select.ts";
