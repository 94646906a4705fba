import { callerOf } from "./asset.ts";
import { checkName, type DefaultStatus, type RunRequest, type TickContext } from "./instigator.ts";
import type { JobDefinition } from "./job.ts";
import type { Resources } from "./resource.ts";

export interface ScheduleResult {
  runs?: RunRequest[];
  skip?: string;
}

export interface ScheduleDefinition {
  readonly kind: "schedule";
  readonly name: string;
  /** Five fields, or six with seconds first. */
  readonly cron: string;
  readonly timezone: string;
  readonly target: string;
  readonly description: string | undefined;
  readonly tags: Record<string, string>;
  readonly defaultStatus: DefaultStatus;
  readonly resources: Resources;
  readonly run: ((context: TickContext) => Promise<ScheduleResult> | ScheduleResult) | undefined;
  readonly where: string | undefined;
}

export interface ScheduleOptions<R extends Resources> {
  name: string;
  cron: string;
  timezone?: string;
  /** A job of this location, or a selection. */
  target: JobDefinition | string;
  description?: string;
  tags?: Record<string, string>;
  defaultStatus?: DefaultStatus;
  resources?: R;
  /** Decides at the tick; without it every tick makes one run of the target. */
  run?(context: TickContext<R>): Promise<ScheduleResult> | ScheduleResult;
}

/** Defines a schedule. */
export function schedule<R extends Resources = Record<never, never>>(options: ScheduleOptions<R>): ScheduleDefinition {
  return {
    kind: "schedule",
    name: checkName("schedule", options.name),
    cron: options.cron,
    timezone: options.timezone ?? "UTC",
    target: typeof options.target === "string" ? options.target : options.target.selection,
    description: options.description,
    tags: {
      ...(typeof options.target === "string" ? {} : { ...options.target.tags, "kc/job": options.target.name }),
      ...options.tags,
    },
    defaultStatus: options.defaultStatus ?? "stopped",
    resources: options.resources ?? {},
    run: options.run as ScheduleDefinition["run"],
    where: callerOf(new Error().stack),
  };
}
