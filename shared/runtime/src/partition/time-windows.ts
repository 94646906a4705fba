import { nextTick } from "../cron.ts";
import { UserError } from "../errors.ts";
import type { TimePartitions } from "./definition.ts";

/** The windows of a time definition from its first on. All instants are ms; a window is named by its start. */
export interface TimeWindows {
  first: number;
  /** Start of the window that an instant lies in; undefined before the first. */
  floor(at: number): number | undefined;
  /** The start that lies `count` windows after (or before) a start; undefined before the first. */
  shift(start: number, count: number): number | undefined;
  /** How many windows start in `[from, to)`, both of them starts. */
  count(from: number, to: number): number;
}

/** Windows of irregular length are listed up to this number: a cron of every minute for two years. */
const longestList = 1_000_000;

const known = new Map<string, TimeWindows>();

/** The windows of a definition, kept for as long as the process lives. */
export function timeWindows(definition: TimePartitions): TimeWindows {
  const { cron, timezone, startAt } = definition;
  const name = `${cron}\0${timezone}\0${startAt}`;
  let windows = known.get(name);
  if (!windows) {
    const first = nextTick(cron, timezone, startAt - 1) ?? none(definition);
    const period = periodOf(definition);
    windows = period !== undefined && keepsTime(definition, period) ? periodic(first, period) : listed(definition, first, period);
    known.set(name, windows);
  }
  return windows;
}

const none = ({ cron }: TimePartitions): never => {
  throw new UserError(`partitions: "${cron}" has no tick after the start`);
};

/**
 * Whether the clock of the zone is only ever set by whole windows. Where it is set by half an hour (Lord Howe), windows are
 * what they are anywhere: from each time that the clock shows to the next, as the schedule of the same cron ticks. That of
 * the night in which it is set is then longer or shorter.
 */
function keepsTime({ timezone, startAt }: TimePartitions, period: number): boolean {
  if (timezone === "UTC") return true;
  const until = Math.max(startAt + 2 * yearMs, rulesKnownUntil);
  let next = transitionAfter(timezone, startAt);
  while (next && next.at < until) {
    if (next.shift % period !== 0) return false;
    next = transitionAfter(timezone, next.at);
  }
  return true;
}

const yearMs = 366 * 86_400_000;
/** What zones do is written down until here; it then goes on in the same way. */
const rulesKnownUntil = Date.UTC(2038, 0, 1);

/** When the clock of a zone is set next, and by how much (ms). */
function transitionAfter(timezone: string, from: number): { at: number; shift: number } | undefined {
  const before = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(timezone);
  const after = before.getTimeZoneTransition("next");
  return after ? { at: after.epochMilliseconds, shift: (after.offsetNanoseconds - before.offsetNanoseconds) / 1e6 } : undefined;
}

/** Length (ms) of windows that are all as long: hours of any zone, parts of an hour, days and weeks where no clock is set. */
function periodOf({ cron, timezone }: TimePartitions): number | undefined {
  const [minute, hour, day, month, weekday] = cron.split(" ") as [string, string, string, string, string];
  if (day !== "*" || month !== "*") return undefined;
  const minutes = /^\*\/(\d+)$/.exec(minute)?.[1];
  if (hour === "*" && weekday === "*") {
    if (/^\d+$/.test(minute)) return 3_600_000;
    if (minute === "*") return 60_000;
    if (minutes && 60 % Number(minutes) === 0) return Number(minutes) * 60_000;
  }
  if (timezone !== "UTC" || !/^\d+$/.test(minute) || !/^\d+$/.test(hour)) return undefined;
  if (weekday === "*") return 86_400_000;
  return /^\d$/.test(weekday) ? 7 * 86_400_000 : undefined;
}

const periodic = (first: number, period: number): TimeWindows => ({
  first,
  floor: (at) => (at < first ? undefined : at - ((at - first) % period)),
  shift: (start, count) => (start + count * period < first ? undefined : start + count * period),
  count: (from, to) => Math.max(0, Math.round((to - from) / period)),
});

/** @param period Length (ms) of the windows between which the clock is not set: a cron is dear to ask ten thousand times. */
function listed({ cron, timezone }: TimePartitions, first: number, period: number | undefined): TimeWindows {
  const starts = [first];
  let set = first;
  const extend = () => {
    if (starts.length >= longestList) throw new UserError(`partitions: "${cron}" has over ${longestList} windows`);
    const last = starts.at(-1)!;
    if (period !== undefined && set <= last) set = transitionAfter(timezone, last)?.at ?? Number.POSITIVE_INFINITY;
    starts.push(
      period !== undefined && last + period < set ? last + period : (nextTick(cron, timezone, last) ?? Number.MAX_SAFE_INTEGER),
    );
  };
  /** Position of the last start at or before an instant, -1 before the first. */
  const indexOf = (at: number): number => {
    while (starts.at(-1)! <= at) extend();
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (starts[middle]! <= at) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };
  return {
    first,
    floor: (at) => starts[indexOf(at)],
    shift(start, count) {
      const to = indexOf(start) + count;
      while (starts.length <= to) extend();
      return starts[to];
    },
    count: (from, to) => indexOf(to) - indexOf(from),
  };
}

const dated = ({ unit, cron }: TimePartitions): boolean =>
  unit === "day" || unit === "week" || unit === "month" || /^\d+ \d+ /.test(cron);

/** The key of the window that starts at an instant: its local date, with the time where a day has several. */
export function keyOfWindow(definition: TimePartitions, start: number): string {
  const { timezone } = definition;
  const zoned = timezone === "UTC" ? undefined : Temporal.Instant.fromEpochMilliseconds(start).toZonedDateTimeISO(timezone);
  const text = zoned ? zoned.toPlainDateTime().toString({ smallestUnit: "minute" }) : new Date(start).toISOString();
  const date = text.slice(0, 10);
  if (dated(definition)) return date;
  // When clocks go back an hour has two windows of one name: the second says its offset.
  const second =
    zoned && zoned.toPlainDateTime().toZonedDateTime(timezone, { disambiguation: "earlier" }).epochMilliseconds !== start;
  return `${date}-${text.slice(11, 16)}${second ? zoned.offset : ""}`;
}

/** Windows by key, of each definition: sets are read over and over, and a time zone makes each key dear. */
const windowsByKey = new WeakMap<TimePartitions, Map<string, number | undefined>>();
const mostRemembered = 50_000;

/** Start of the window with this key, or undefined when the key names none. */
export function windowOfKey(definition: TimePartitions, key: string): number | undefined {
  let known = windowsByKey.get(definition);
  if (!known) {
    known = new Map();
    windowsByKey.set(definition, known);
  }
  if (known.has(key)) return known.get(key);
  if (known.size >= mostRemembered) known.clear();
  const found = findWindow(definition, key);
  known.set(key, found);
  return found;
}

/** Whether a key is of a time before the first window: one that was there before the definition's start was moved. */
export function isBeforeFirst(definition: TimePartitions, key: string): boolean {
  const at = instantOfKey(definition, key);
  return at !== undefined && at < timeWindows(definition).first;
}

function findWindow(definition: TimePartitions, key: string): number | undefined {
  const at = instantOfKey(definition, key);
  if (at === undefined) return undefined;
  const windows = timeWindows(definition);
  const floor = windows.floor(at);
  const candidates = [floor, floor === undefined ? windows.first : windows.shift(floor, 1)];
  return candidates.find((start) => start !== undefined && keyOfWindow(definition, start) === key);
}

/** The instant (ms) that a key names, whether a window starts there or not; undefined when it names none. */
function instantOfKey({ timezone }: TimePartitions, key: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\d)(?:-(\d\d:\d\d)([+-]\d\d:\d\d)?)?$/.exec(key);
  if (!match) return undefined;
  const [, date, time = "00:00", offset] = match;
  const local = `${date}T${time}`;
  try {
    // Date is some times faster, and a status reads keys by the hundred thousand.
    const at = offset
      ? Temporal.Instant.from(`${local}${offset}`).epochMilliseconds
      : timezone === "UTC"
        ? Date.parse(`${local}Z`)
        : Temporal.PlainDateTime.from(local).toZonedDateTime(timezone, { disambiguation: "earlier" }).epochMilliseconds;
    return Number.isNaN(at) ? undefined : at;
  } catch {
    return undefined;
  }
}
