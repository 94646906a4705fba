// run a command of the embedded runner

// manifests, with or without a project
export * from "./artifacts.ts";
export { type DbtCommand, parseCommand } from "./command/arguments.ts";
export type { Catalog } from "./command/catalog.ts";
export { type Invocation, type InvokeOptions, invokeDbt } from "./command/invoke.ts";
export type { Target } from "./jinja/renderer.ts";

// the real dbt
export { findRealDbt, type RealDbt } from "./real-dbt.ts";
export type { SqlExecutor, SqlResult } from "./run/executor.ts";
export { type IndirectSelection, type Selection, selectNodes } from "./select/select.ts";
