import { nextTick } from "../cron.ts";
import { triggersItself } from "../decide/sensor.ts";
import { didYouMean, UserError } from "../errors.ts";
import { configureRun } from "../execute/configure.ts";
import type { WorkspaceGraph } from "../graph.ts";
import type { JobDefinition } from "../job.ts";
import type { ScheduleDefinition } from "../schedule.ts";
import { select } from "../selection/select.ts";
import type { SensorDefinition } from "../sensor.ts";
import type { LocationSnapshot, ScheduleSnapshot, SensorSnapshot } from "../snapshot.ts";
import type { LoadedLocation } from "./assemble.ts";

/** The entries that have a value: an absent field and an undefined one are not the same to strict types. */
function optional<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) => value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0),
    ),
  ) as never;
}

export function scheduleSnapshot(definition: ScheduleDefinition): ScheduleSnapshot {
  const { name, cron, timezone, target, tags, defaultStatus, run } = definition;
  const { description, missed, partition, maxTickRetries, timeoutMs, where } = definition;
  const formerly = [...definition.formerly];
  return {
    ...{ name, cron, timezone, target, tags, defaultStatus, decides: run !== undefined },
    ...optional({ description, missed, partition, maxTickRetries, timeoutMs, formerly, where }),
  };
}

export function sensorSnapshot(definition: SensorDefinition): SensorSnapshot {
  const { name, type, intervalMs, selection, defaultStatus } = definition;
  const { target, description, timeoutMs, require, watches, changes, where } = definition;
  const formerly = [...definition.formerly];
  const tags = Object.keys(definition.tags).length > 0 ? definition.tags : undefined;
  return {
    ...{ name, type, intervalMs, selection, defaultStatus },
    ...optional({ target, tags, description, timeoutMs, formerly, require, watches, changes, where }),
  };
}

/**
 * Checks a location's schedules and sensors against each other and against its jobs.
 * @throws UserError at a bad cron or time zone, a former name that lives or is claimed twice, a job that does not exist.
 */
export function checkInstigators(
  location: string,
  {
    jobs,
    schedules,
    sensors,
  }: {
    jobs: readonly JobDefinition[];
    schedules: readonly ScheduleDefinition[];
    sensors: readonly SensorDefinition[];
  },
): void {
  for (const { name, cron, timezone, where } of schedules)
    try {
      if (nextTick(cron, timezone, 0) === undefined) throw new UserError(`"${cron}" never comes`);
    } catch (error) {
      throw new UserError(`schedule "${name}": ${(error as Error).message}`, { where });
    }
  const all = [...schedules, ...sensors];
  const claimed = new Map<string, string>();
  for (const { kind, name, formerly, where } of all)
    for (const former of formerly) {
      const living = all.find((one) => one.name === former);
      if (living)
        throw new UserError(
          `${kind} "${name}" says that it was formerly "${former}", but ${living.kind} "${former}" is defined${living.where ? ` in ${living.where}` : ""}`,
          { where, hint: "A former name is one that nothing has any more." },
        );
      if (claimed.has(former))
        throw new UserError(`"${claimed.get(former)}" and "${name}" both say that they were formerly "${former}"`, { where });
      claimed.set(former, name);
    }
  const names = jobs.map((job) => job.name);
  for (const { name, watches, where } of sensors) {
    const elsewhere = watches?.locations !== undefined && (watches.locations === "all" || !watches.locations.includes(location));
    if (watches?.job !== undefined && !elsewhere && !names.includes(watches.job))
      throw new UserError(
        `sensor "${name}" watches job "${watches.job}", which location ${location} does not define.${didYouMean(watches.job, names)}`,
        {
          where,
        },
      );
  }
}

/** Undefined: it names what this location does not have. */
function keysOf(graph: WorkspaceGraph, selection: string): string[] | undefined {
  try {
    return select(graph, selection);
  } catch {
    return undefined;
  }
}

/**
 * Refuses run config that is the same at every tick and that no tick could give: for a step that there is not, or against
 * the step's schema.
 * @throws UserError with the schedule and the path of each value.
 */
export function checkFixedConfig(
  location: Pick<LoadedLocation, "name" | "jobs" | "assets" | "schedules">,
  graph: WorkspaceGraph,
): void {
  for (const { name, config, target, where } of location.schedules) {
    if (config === undefined) continue;
    // Only all locations together know what a selection along the lineage names.
    const keys = keysOf(graph, target.includes("+") ? "*" : target);
    if (!keys) continue;
    try {
      const steps = new Set(keys.map((key) => graph.assets.get(key)!.step));
      configureRun(location, { config, steps: [...steps] });
    } catch (error) {
      throw new UserError(`schedule "${name}": ${(error as Error).message}`, {
        where,
        hint: "The config of a schedule stands under the names of the steps that its target runs.",
      });
    }
  }
}

/**
 * Refuses sensors that would trigger themselves for ever.
 * @throws UserError with the sensor and its target. What depends on assets of other locations is decided at the tick.
 */
export function checkSelfTriggers(snapshot: LocationSnapshot, graph: WorkspaceGraph): void {
  for (const sensor of snapshot.sensors) {
    if (sensor.target === undefined) continue;
    const [watched, assets] = [keysOf(graph, sensor.selection), keysOf(graph, sensor.target)];
    if (!watched || !assets) continue;
    const tags = sensor.tags ?? {};
    const why = triggersItself(sensor, snapshot.name, new Set(watched), { assets, tags });
    if (why)
      throw new UserError(
        `sensor "${sensor.name}" would trigger itself with its target ${tags["kc/job"] ? `job "${tags["kc/job"]}"` : `"${sensor.target}"`}: ${why}`,
        { where: sensor.where, hint: "Narrow what it watches (job, selection, locations) or what it targets." },
      );
  }
}
