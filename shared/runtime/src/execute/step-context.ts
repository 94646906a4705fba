import type { UpstreamMaterialization } from "../asset.ts";
import type { SeriesPoint } from "../check.ts";
import { errorText } from "../errors.ts";
import type { LogLevel, NewEvent } from "../event.ts";
import { plainJson } from "../metadata.ts";
import type { LocationPaths, Logger } from "../resource.ts";

/** What a worker hands to the executor besides the definitions. */
export interface RunInput {
  runId: string;
  requestId: string;
  tags: Record<string, string>;
  /** Run config by step name. */
  config: Record<string, unknown>;
  partition: string | null;
  /** By asset and dependency: the partitions of the dependency that this run's partitions need. */
  upstreamPartitions?: Record<string, Record<string, string[]>>;
  /** By asset and name of metadata: numbers of its latest materializations, oldest first, where checks look at them. */
  series?: Record<string, Record<string, SeriesPoint[]>>;
  /** Latest materialization of every dependency, as known when the run started. */
  upstream: Record<string, UpstreamMaterialization>;
}

/** An event as the executor makes it; the worker adds run id, number and instant. */
export type StepEvent = Omit<NewEvent, "at" | "runId" | "seq">;
export type Emit = (event: StepEvent) => void;

export function makeLogger(emit: Emit, step: string | undefined): Logger {
  const write = (level: LogLevel) => (message: string, fields?: Record<string, unknown>) =>
    emit({
      type: "log",
      level,
      message,
      stream: "logger",
      ...(step ? { step } : {}),
      ...(fields ? { fields: kept(fields) } : {}),
    });
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

export interface StepEnvironment {
  env: Readonly<Record<string, string | undefined>>;
  location: LocationPaths;
}

/** Fields as the log can keep them: a line of a log must not fail the step that writes it. */
function kept(fields: Record<string, unknown>): Record<string, unknown> {
  try {
    return plainJson("fields", fields) as Record<string, unknown>;
  } catch (error) {
    return { not_kept: errorText(error) };
  }
}
