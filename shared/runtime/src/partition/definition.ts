import { nextTick } from "../cron.ts";
import { UserError } from "../errors.ts";
import * as be from "../shape.ts";

/** Windows of time, each from one tick of a cron expression to the next. Instants are ms since the epoch. */
export interface TimePartitions {
  readonly type: "time";
  readonly unit: "hour" | "day" | "week" | "month" | "cron";
  readonly cron: string;
  readonly timezone: string;
  /** The first window starts at the first tick from here on. */
  readonly startAt: number;
  /** No window ends after it. */
  readonly endAt?: number;
  /** How many windows beyond those that have ended exist already: 1 is the window that goes on. */
  readonly endOffset: number;
}

export interface StaticPartitions {
  readonly type: "static";
  readonly keys: readonly string[];
}

/** Keys that are added and deleted while kc runs, kept by the instance under a name that all locations share. */
export interface DynamicPartitions {
  readonly type: "dynamic";
  readonly name: string;
}

/** Every combination of the keys of several dimensions; a key is theirs, in this order, joined by `|`. */
export interface MultiPartitions {
  readonly type: "multi";
  readonly dimensions: Readonly<Record<string, TimePartitions | StaticPartitions | DynamicPartitions>>;
}

/** How an asset is divided. Plain JSON: it travels in the location's snapshot. */
export type PartitionsDefinition = TimePartitions | StaticPartitions | DynamicPartitions | MultiPartitions;

export interface TimePartitionsOptions {
  /** `2026-01-01`, `2026-01-01T06:00` (in the time zone) or an instant with an offset. */
  start: string;
  end?: string;
  /** Default "UTC". */
  timezone?: string;
  /** Default 0: a window is a partition once it has ended. */
  endOffset?: number;
}

const whole = (what: string, value: number, from: number, to: number): number => {
  if (!Number.isInteger(value) || value < from || value > to)
    throw new UserError(`partitions: ${what} must be a whole number from ${from} to ${to}, not ${value}`);
  return value;
};

const span = { start: be.text, end: be.text, timezone: be.text, endOffset: be.anything };
const time = { hour: be.anything, minute: be.anything };
const shapes = {
  hourlyPartitions: be.shapeOf<TimePartitionsOptions & { minute: 0 }>({ ...span, minute: be.anything }, "start"),
  dailyPartitions: be.shapeOf<TimePartitionsOptions & typeof time>({ ...span, ...time }, "start"),
  weeklyPartitions: be.shapeOf<TimePartitionsOptions & typeof time & { day: 0 }>({ ...span, ...time, day: be.anything }, "start"),
  monthlyPartitions: be.shapeOf<TimePartitionsOptions & typeof time & { day: 0 }>(
    { ...span, ...time, day: be.anything },
    "start",
  ),
  cronPartitions: be.shapeOf<TimePartitionsOptions & { cron: string }>({ ...span, cron: be.text }, "start", "cron"),
};

/** The options, once each of them is one that the function has. */
function given<T extends TimePartitionsOptions>(name: keyof typeof shapes, options: T): T {
  be.checkShape(name, undefined, options, shapes[name]);
  return options;
}

/**
 * A partition for each hour; keys `2026-01-31-13:00`. The second of two equal hours at the end of summer time carries its
 * offset. Where clocks are set by half an hour (Lord Howe), an hour of that night takes 90 minutes, as for a schedule.
 */
export const hourlyPartitions = (options: TimePartitionsOptions & { minute?: number }): TimePartitions =>
  timePartitions("hour", `${whole("minute", given("hourlyPartitions", options).minute ?? 0, 0, 59)} * * * *`, options);

/** A partition for each day; keys `2026-01-31`. `hour` and `minute` say when the day begins. */
export const dailyPartitions = (options: TimePartitionsOptions & { hour?: number; minute?: number }): TimePartitions =>
  timePartitions("day", `${atTime(given("dailyPartitions", options))} * * *`, options);

/** A partition for each week; keys are the first day, `2026-02-01`. `day` 0 is Sunday, the default. */
export const weeklyPartitions = (
  options: TimePartitionsOptions & { day?: number; hour?: number; minute?: number },
): TimePartitions =>
  timePartitions("week", `${atTime(given("weeklyPartitions", options))} * * ${whole("day", options.day ?? 0, 0, 6)}`, options);

/** A partition for each month; keys are the first day, `2026-02-01`. */
export const monthlyPartitions = (
  options: TimePartitionsOptions & { day?: number; hour?: number; minute?: number },
): TimePartitions =>
  timePartitions("month", `${atTime(given("monthlyPartitions", options))} ${whole("day", options.day ?? 1, 1, 28)} * *`, options);

/** A partition from each tick of a cron expression (five fields) to the next. */
export function cronPartitions(options: TimePartitionsOptions & { cron: string }): TimePartitions {
  given("cronPartitions", options);
  if (options.cron.trim().split(/\s+/).length !== 5)
    throw new UserError(`partitions: "${options.cron}" must have five fields: windows are whole minutes`);
  return timePartitions("cron", options.cron.trim(), options);
}

const atTime = ({ hour = 0, minute = 0 }: { hour?: number; minute?: number }): string =>
  `${whole("minute", minute, 0, 59)} ${whole("hour", hour, 0, 23)}`;

function timePartitions(unit: TimePartitions["unit"], cron: string, options: TimePartitionsOptions): TimePartitions {
  const timezone = options.timezone ?? "UTC";
  nextTick(cron, timezone, 0);
  const startAt = instantOf("start", options.start, timezone);
  const endAt = options.end === undefined ? undefined : instantOf("end", options.end, timezone);
  if (endAt !== undefined && endAt <= startAt)
    throw new UserError(`partitions: end ${options.end} is not after start ${options.start}`);
  return {
    type: "time",
    unit,
    cron,
    timezone,
    startAt,
    endOffset: whole("endOffset", options.endOffset ?? 0, -1_000, 1_000),
    ...(endAt === undefined ? {} : { endAt }),
  };
}

function instantOf(what: string, text: string, timezone: string): number {
  try {
    if (/(?:Z|[+-]\d\d:?\d\d)$/.test(text) && text.includes("T")) return Temporal.Instant.from(text).epochMilliseconds;
    return Temporal.PlainDateTime.from(text).toZonedDateTime(timezone).epochMilliseconds;
  } catch {
    throw new UserError(`partitions: ${what} "${text}" is no date or time`, {
      hint: 'Write "2026-01-31" or "2026-01-31T06:00".',
    });
  }
}

/**
 * Keys that are no windows of time, and combinations of them, that one definition may have: sets of windows are ranges
 * however many there are, sets of keys are lists, which every look at a backfill or a condition goes through.
 */
export const mostKeys = 100_000;

const keysShape = be.shapeOf<{ keys: 0 }>({ keys: be.list }, "keys");
const dimensionsShape = be.shapeOf<{ dimensions: 0 }>({ dimensions: be.recordOf(be.dimension) }, "dimensions");

/**
 * A partition for each key of a list, in its order.
 * @throws UserError when there is none, one stands twice or is refused, or there are over 100,000.
 */
export function staticPartitions(keys: readonly string[]): StaticPartitions {
  be.checkShape("staticPartitions", undefined, { keys }, keysShape);
  if (keys.length === 0) throw new UserError("partitions: a static list needs at least one key");
  if (keys.length > mostKeys)
    throw new UserError(`partitions: a static list of ${keys.length} keys; there may be ${mostKeys}`, {
      hint: "Partition by time, or by fewer keys that stand for more each.",
    });
  const seen = new Set<string>();
  for (const key of keys) {
    checkPartitionKey(key);
    if (seen.has(key)) throw new UserError(`partitions: key "${key}" stands twice in the list`);
    seen.add(key);
  }
  return { type: "static", keys: [...keys] };
}

/** Partitions whose keys are added and deleted while kc runs: by sensors, the API, or `kc partitions add`. */
export function dynamicPartitions(name: string): DynamicPartitions {
  if (typeof name !== "string" || !/^[A-Za-z_][A-Za-z0-9_./-]{0,200}$/.test(name))
    throw new UserError(`partitions: the name "${name}" must be letters, digits, "_", ".", "/" and "-"`);
  return { type: "dynamic", name };
}

/** Every combination of two or more dimensions, of which one may be of time. */
export function multiPartitions(dimensions: MultiPartitions["dimensions"]): MultiPartitions {
  be.checkShape("multiPartitions", undefined, { dimensions }, dimensionsShape);
  const names = Object.keys(dimensions);
  if (names.length < 2) throw new UserError("partitions: several dimensions are at least two");
  for (const name of names)
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      throw new UserError(`partitions: dimension "${name}" must be letters, digits and "_"`);
  if (names.filter((name) => dimensions[name]!.type === "time").length > 1)
    throw new UserError("partitions: only one dimension may be of time");
  return { type: "multi", dimensions: { ...dimensions } };
}

/**
 * Refuses what a key cannot hold: ranges are written `from...to`, dimensions are joined by `|`, lists by commas.
 * @throws UserError
 */
export function checkPartitionKey(key: unknown): asserts key is string {
  if (typeof key !== "string" || key === "" || key.length > 255 || /\.\.\.|[|,]|\p{Cc}/u.test(key) || key.trim() !== key)
    throw new UserError(`partition key ${JSON.stringify(key)} is refused`, {
      hint: 'A key is 1 to 255 characters without "|", ",", "...", control characters, and blanks at its ends.',
    });
}

/** Whether two definitions have the same keys at the same places; the spans they cover may differ. */
export function sameKeys(a: PartitionsDefinition, b: PartitionsDefinition): boolean {
  if (a === b) return true;
  if (a.type === "time" && b.type === "time") return a.cron === b.cron && a.timezone === b.timezone;
  if (a.type === "multi" && b.type === "multi") {
    const names = Object.keys(a.dimensions);
    return (
      names.join("|") === Object.keys(b.dimensions).join("|") &&
      names.every((name) => sameKeys(a.dimensions[name]!, b.dimensions[name]!))
    );
  }
  if (a.type === "static" && b.type === "static")
    return a.keys.length === b.keys.length && a.keys.every((key, place) => key === b.keys[place]);
  return a.type === "dynamic" && b.type === "dynamic" && a.name === b.name;
}

/** What makes the keys of a definition others when it changes: not the span that it covers, nor how many keys there are. */
export function kindOfKeys(definition: PartitionsDefinition): string {
  switch (definition.type) {
    case "time":
      return `time ${definition.cron} ${definition.timezone}`;
    case "static":
      return "static";
    case "dynamic":
      return `dynamic ${definition.name}`;
    case "multi":
      return Object.entries(definition.dimensions)
        .map(([name, one]) => `${name}: ${kindOfKeys(one)}`)
        .join(" | ");
  }
}

/** A definition as a person says it: `daily (Europe/Athens)`, `3 keys`, `dynamic "customers"`. */
export function describePartitions(definition: PartitionsDefinition): string {
  switch (definition.type) {
    case "time": {
      const words = { hour: "hourly", day: "daily", week: "weekly", month: "monthly", cron: `by cron "${definition.cron}"` };
      return words[definition.unit] + (definition.timezone === "UTC" ? "" : ` (${definition.timezone})`);
    }
    case "static":
      return `${definition.keys.length} ${definition.keys.length === 1 ? "key" : "keys"}`;
    case "dynamic":
      return `dynamic "${definition.name}"`;
    case "multi":
      return Object.entries(definition.dimensions)
        .map(([name, one]) => `${name}: ${describePartitions(one)}`)
        .join(" × ");
  }
}
