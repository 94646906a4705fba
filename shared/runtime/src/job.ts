import type { z } from "zod";
import { callerOf } from "./asset.ts";
import { type Duration, durationMs } from "./duration.ts";
import { UserError } from "./errors.ts";
import { checkName } from "./instigator.ts";
import { runTagsOf } from "./run-tags.ts";
import * as be from "./shape.ts";

export interface JobDefinition {
  readonly kind: "job";
  readonly name: string;
  readonly selection: string;
  readonly description: string | undefined;
  /** Its own tags, and what its options say to the queue as tags of every run. */
  readonly tags: Record<string, string>;
  readonly config: z.ZodType | undefined;
  readonly configure: ((config: unknown) => Record<string, unknown>) | undefined;
  readonly where: string | undefined;
}

export interface JobOptions<C extends z.ZodType> {
  name: string;
  selection: string;
  description?: string;
  /** The job carries out the checks of its assets and makes nothing. Default false. */
  checksOnly?: boolean;
  tags?: Record<string, string>;
  /** Schema of the config that a launch of the job gives. */
  config?: C;
  /** Turns the job's config into run config by step name. Pure: it runs when the job is launched, before anything is stored. */
  configure?(config: z.output<C>): Record<string, unknown>;
  /** Runs of a higher priority leave the queue first. A whole number, default 0. */
  priority?: number;
  /** A run that takes longer is stopped and has failed. */
  maxRuntime?: Duration;
  /** Runs of this job at one time. */
  maxConcurrent?: number;
  /** How many times a run that failed is run again; default `runs.retries` of kc.yaml. */
  maxRetries?: number;
}

/**
 * A named selection of assets of this location that is launched together.
 * @throws UserError when an option is wrong, or `config` and `configure` do not come together.
 */
export function job<C extends z.ZodType = z.ZodType<Record<string, never>>>(options: JobOptions<C>): JobDefinition {
  be.checkShape("job", options?.name, options, shape);
  const name = checkName("job", options.name);
  const { config, configure } = options;
  if ((config === undefined) !== (configure === undefined))
    throw new UserError(
      config ? `job "${name}" has a config but no configure(config)` : `job "${name}" has a configure(config) but no config`,
      { hint: 'Write both: config: z.object({ … }), configure: (config) => ({ "step": { … } }).' },
    );
  if (options.checksOnly && config)
    throw new UserError(`job "${name}" only runs checks, which take no config`, { hint: "Leave config and configure out." });
  return {
    kind: "job",
    name,
    selection: options.selection,
    description: options.description,
    tags: runTagsOf(`job "${name}"`, {
      ...options.tags,
      ...queueTags(name, options),
      ...(options.checksOnly ? { "kc/checks": "only" } : {}),
    }),
    config,
    configure: configure as JobDefinition["configure"],
    where: callerOf(new Error().stack),
  };
}

const shape = be.shapeOf<JobOptions<z.ZodType>>(
  {
    name: be.text,
    selection: be.selection,
    description: be.text,
    checksOnly: be.flag,
    tags: be.tags,
    config: be.schema,
    configure: be.func,
    priority: be.anything,
    maxRuntime: be.anything,
    maxConcurrent: be.anything,
    maxRetries: be.anything,
  },
  "name",
  "selection",
);

function queueTags(
  name: string,
  options: Pick<JobOptions<z.ZodType>, "priority" | "maxRuntime" | "maxConcurrent" | "maxRetries">,
): Record<string, string> {
  const { priority, maxRuntime, maxConcurrent, maxRetries } = options;
  const whole = (option: string, value: number | undefined, least: number) => {
    if (value !== undefined && !(Number.isInteger(value) && value >= least && Math.abs(value) < 1e9))
      throw new UserError(
        `job "${name}": ${option} must be a whole number${least > -Infinity ? ` from ${least}` : ""}, of nine digits at most`,
      );
  };
  whole("priority", priority, Number.NEGATIVE_INFINITY);
  whole("maxConcurrent", maxConcurrent, 1);
  whole("maxRetries", maxRetries, 0);
  if (maxRuntime !== undefined) durationMs(maxRuntime, `job "${name}": maxRuntime`);
  return {
    ...(priority === undefined ? {} : { "kc/priority": String(priority) }),
    ...(maxRuntime === undefined ? {} : { "kc/max_runtime": maxRuntime }),
    ...(maxConcurrent === undefined ? {} : { "kc/max_concurrent": String(maxConcurrent) }),
    ...(maxRetries === undefined ? {} : { "kc/max_retries": String(maxRetries) }),
  };
}
