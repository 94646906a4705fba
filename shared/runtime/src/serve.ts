// For the program behind a code location while it answers for it: ticks, config and runs, without what only the host decides
// with. What it needs while definitions load is in load/index.ts.

export { systemClock } from "./clock.ts";
export { type DatabaseCall, databaseChannel } from "./database-call.ts";
export { didYouMean, errorText, UserError } from "./errors.ts";
export type { NewEvent } from "./event.ts";
export { configureRun } from "./execute/configure.ts";
export { failureOf } from "./execute/failure.ts";
export { missingVariables, resourceScope } from "./execute/resources.ts";
export { executeRun } from "./execute/run.ts";
export { makeLogger, type RunInput, type StepEvent } from "./execute/step-context.ts";
export { RunStop } from "./execute/stop.ts";
export type { TickLog } from "./instigator-storage.ts";
export type { LoadedLocation } from "./load/assemble.ts";
export type { PlannedRun } from "./plan.ts";
export type { LocationPaths, Logger } from "./resource.ts";
export type { ScheduleDefinition, ScheduleResult } from "./schedule.ts";
export type { FreshnessChange, SensorDefinition, SensorEvent, SensorResult, SensorRun } from "./sensor.ts";
