// what dbt leaves behind, read without a project: loads neither a template engine nor a YAML parser
export { DbtError, type DbtErrorKind } from "./errors.ts";
export {
  allNodes,
  type Manifest,
  type ManifestColumn,
  type ManifestNode,
  type ManifestSource,
  metaOf,
  parentsOf,
} from "./manifest.ts";
export { projectHash } from "./project/folder.ts";
export type { NodeResult, RunResults, RunStatus } from "./run/run-results.ts";
export { type IndirectSelection, type Selection, selectNodes } from "./select/select.ts";
