import { Cron } from "croner";
import { didYouMean, UserError } from "./errors.ts";

const parsed = new Map<string, Cron>();

function cronOf(cron: string, timezone: string): Cron {
  const name = `${cron}\0${timezone}`;
  let found = parsed.get(name);
  if (!found) {
    try {
      new Intl.DateTimeFormat("en", { timeZone: timezone });
      // The library takes dates too: a schedule that comes once.
      if (!/^@|\s/.test(cron.trim())) throw new Error("it is one word");
      found = new Cron(cron, { timezone, paused: true, mode: "5-or-6-parts" });
    } catch (error) {
      if (error instanceof RangeError && /time zone/i.test(error.message))
        throw new UserError(`there is no time zone "${timezone}"${zoneNear(timezone)}`, {
          hint: 'Write a name of the tz database, "Europe/Athens", or "UTC".',
        });
      const fields = cron.trim().split(/\s+/).filter(Boolean).length;
      const why =
        fields === 5 || fields === 6
          ? (error as Error).message.replace(/^Cron\w+: /, "")
          : `it has ${fields} ${fields === 1 ? "field" : "fields"}`;
      throw new UserError(`"${cron}" is no cron expression: ${why}`, {
        hint: 'Five fields, "*/2 * * * *", or six with seconds first.',
      });
    }
    parsed.set(name, found);
  }
  return found;
}

/** The nearest time zones; a city alone is enough, and capital letters do not count. */
function zoneNear(wanted: string): string {
  const zones = Intl.supportedValuesOf("timeZone");
  const same = zones.find((zone) => zone.toLowerCase().endsWith(`/${wanted.toLowerCase()}`));
  return same ? `. Did you mean "${same}"?` : didYouMean(wanted, zones).replace(/^(?=.)/, ".");
}

/** A stretch `[from, to)` between two ticks, the last one that was asked about: the daemon asks about it again and again. */
const stretches = new Map<string, { from: number; to: number | undefined }>();

/**
 * The first tick after an instant (ms), or undefined when there is none.
 * @throws UserError when the expression or the zone is none.
 */
export function nextTick(cron: string, timezone: string, after: number): number | undefined {
  const name = `${cron}\0${timezone}`;
  const known = stretches.get(name);
  if (known && after >= known.from && (known.to === undefined || after < known.to)) return known.to;
  const to = timesOf(cron, timezone).next(after);
  stretches.set(name, { from: after, to });
  return to;
}

const latest = new Map<string, { tick: number | undefined; until: number }>();

/** The latest tick at or before an instant (ms) and after `since`, or undefined. */
export function latestTick(cron: string, timezone: string, since: number, now: number): number | undefined {
  const name = `${cron}\0${timezone}`;
  let known = latest.get(name);
  if (!known || now >= known.until || now < (known.tick ?? Number.POSITIVE_INFINITY)) {
    known = { tick: timesOf(cron, timezone).previous(now), until: nextTick(cron, timezone, now) ?? Number.POSITIVE_INFINITY };
    latest.set(name, known);
  }
  return known.tick !== undefined && known.tick > since ? known.tick : undefined;
}

interface Times {
  /** The first one after an instant (ms). */
  next(after: number): number | undefined;
  /** The last one at or before an instant (ms). */
  previous(now: number): number | undefined;
}

function timesOf(cron: string, timezone: string): Times {
  const real = cronOf(cron, timezone);
  return timezone !== "UTC" && isFixed(cron) ? fixedTimes(cronOf(cron, "UTC"), timezone) : timesOfPattern(real);
}

const timesOfPattern = (pattern: Cron): Times => ({
  next: (after) => pattern.nextRun(new Date(after))?.getTime(),
  previous(now) {
    let found = pattern.previousRuns(1, new Date(now + 1_000))[0]?.getTime();
    // previousRuns looks back from a whole second: step to the last one that is not in the future.
    while (found !== undefined && found > now) found = pattern.previousRuns(1, new Date(found))[0]?.getTime();
    return found;
  },
});

/** Whether an expression names times of a day; one with a `*` among hours, minutes or seconds repeats by the real clock. */
function isFixed(cron: string): boolean {
  const fields = cron.trim().split(/\s+/);
  return !cron.includes("@") && !/[*?]/.test(fields.slice(0, fields.length - 3).join(" "));
}

/**
 * Times of a day: each comes once on every day. One that a clock skips comes where the clock goes on, with the others that it
 * skips; of one that a clock shows twice the first is it. (The library has that for one time a day only.)
 * @param pattern read on a clock that is never set; what it finds are times on the wall.
 */
function fixedTimes(pattern: Cron, timezone: string): Times {
  const wall = timesOfPattern(pattern);
  return {
    next(after) {
      let at = wall.next(onTheWall(after, timezone));
      while (at !== undefined && instantOf(at, timezone) <= after) at = wall.next(at);
      return at === undefined ? undefined : instantOf(at, timezone);
    },
    previous(now) {
      // After a clock was set back, later times on the wall have been already.
      const earlier = onTheWall(now - dayMs, timezone) + dayMs;
      let at = wall.previous(Math.max(onTheWall(now, timezone), earlier));
      while (at !== undefined && instantOf(at, timezone) > now) at = wall.previous(at - 1);
      return at === undefined ? undefined : instantOf(at, timezone);
    },
  };
}

const dayMs = 86_400_000;

/** What a clock of the zone shows at an instant, as if it were UTC (ms). */
function onTheWall(at: number, timezone: string): number {
  return at + Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timezone).offsetNanoseconds / 1e6;
}

/** The first instant (ms) at which a clock of the zone shows a time, or at which it goes on when it skips that time. */
function instantOf(wall: number, timezone: string): number {
  const plain = Temporal.Instant.fromEpochMilliseconds(wall).toZonedDateTimeISO("UTC").toPlainDateTime();
  const found = plain.toZonedDateTime(timezone, { disambiguation: "earlier" });
  const skipped = !found.toPlainDateTime().equals(plain);
  return (skipped ? found.getTimeZoneTransition("next")! : found).epochMilliseconds;
}
