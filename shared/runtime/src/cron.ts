import { Cron } from "croner";
import { didYouMean, UserError } from "./errors.ts";

const parsed = new Map<string, Cron>();

function cronOf(cron: string, timezone: string): Cron {
  const name = `${cron}\0${timezone}`;
  let found = parsed.get(name);
  if (!found) {
    try {
      new Intl.DateTimeFormat("en", { timeZone: timezone });
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
  const to = cronOf(cron, timezone).nextRun(new Date(after))?.getTime();
  stretches.set(name, { from: after, to });
  return to;
}

const latest = new Map<string, { tick: number | undefined; until: number }>();

/** The latest tick at or before an instant (ms) and after `since`, or undefined. */
export function latestTick(cron: string, timezone: string, since: number, now: number): number | undefined {
  const name = `${cron}\0${timezone}`;
  let known = latest.get(name);
  if (!known || now >= known.until || now < (known.tick ?? Number.POSITIVE_INFINITY)) {
    known = { tick: previousTick(cron, timezone, now), until: nextTick(cron, timezone, now) ?? Number.POSITIVE_INFINITY };
    latest.set(name, known);
  }
  return known.tick !== undefined && known.tick > since ? known.tick : undefined;
}

function previousTick(cron: string, timezone: string, now: number): number | undefined {
  let found = cronOf(cron, timezone)
    .previousRuns(1, new Date(now + 1_000))[0]
    ?.getTime();
  // previousRuns looks back from a whole second: step to the last tick that is not in the future.
  while (found !== undefined && found > now) found = cronOf(cron, timezone).previousRuns(1, new Date(found))[0]?.getTime();
  return found;
}
