import { latestTick, nextTick } from "../cron.ts";
import type { ScheduleSnapshot } from "../snapshot.ts";

/**
 * The tick of a schedule that is due, and the instant to look again (ms).
 * @param since instant up to which ticks are handled: the last tick, or when the schedule was turned on. Of several
 * missed ticks only the latest is due.
 */
export function dueTick(
  schedule: Pick<ScheduleSnapshot, "cron" | "timezone">,
  since: number,
  now: number,
): { due: number | undefined; next: number | undefined } {
  const first = nextTick(schedule.cron, schedule.timezone, since);
  const due = first !== undefined && first <= now ? latestTick(schedule.cron, schedule.timezone, since, now) : undefined;
  return { due, next: first !== undefined && first > now ? first : nextTick(schedule.cron, schedule.timezone, now) };
}
