// For the program behind a code location: what loads definitions, answers for them and carries out runs, without what only
// the host decides with. Each module costs a process's start a fraction of a millisecond, and twenty locations load at once.

export { systemClock } from "./clock.ts";
export type { DefinitionParts } from "./component.ts";
export { type DatabaseCall, databaseChannel } from "./database-call.ts";
export { didYouMean, errorText, UserError } from "./errors.ts";
export type { NewEvent } from "./event.ts";
export { configureRun } from "./execute/configure.ts";
export { missingVariables, resourceScope } from "./execute/resources.ts";
export { executeRun } from "./execute/run.ts";
export { failureOf } from "./execute/step.ts";
export { makeLogger, type RunInput, type StepEvent } from "./execute/step-context.ts";
export { RunStop } from "./execute/stop.ts";
export type { TickLog } from "./instigator-storage.ts";
export { assembleLocation, type LoadedLocation } from "./load/assemble.ts";
export { defsYamlReader } from "./load/defs-yaml-reader.ts";
export type { LocationDefinition } from "./location.ts";
export type { PlannedRun } from "./plan.ts";
export type { LocationPaths, Logger } from "./resource.ts";
export type { ScheduleDefinition, ScheduleResult } from "./schedule.ts";
export type { FreshnessChange, SensorDefinition, SensorEvent, SensorResult, SensorRun } from "./sensor.ts";
export type { LocationSnapshot } from "./snapshot.ts";
