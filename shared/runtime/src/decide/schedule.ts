import { latestTick, nextTick } from "../cron.ts";
import type { MissedTicks } from "../schedule.ts";
import type { ScheduleSnapshot } from "../snapshot.ts";

/** A tick that begins later than this (ms) after its time was missed. */
export const missedAfterMs = 60_000;
const dayMs = 86_400_000;

/**
 * The instant (ms) up to which a schedule's ticks are handled, or undefined for one that was never seen.
 * While the host's clock is behind it, as after being set back an hour, no tick comes twice. More than a day behind, the
 * clock was wrong before: `reset` says that ticks count from now on.
 */
export function handledUpTo(
  state: { since: number | null; lastTickAt: number | null } | undefined,
  now: number,
): { at: number; reset: boolean } | undefined {
  const at = Math.max(state?.since ?? Number.NEGATIVE_INFINITY, state?.lastTickAt ?? Number.NEGATIVE_INFINITY);
  if (at === Number.NEGATIVE_INFINITY) return undefined;
  return at - now > dayMs ? { at: now, reset: true } : { at, reset: false };
}

/**
 * The ticks of a schedule that are due, oldest first, and the instant to look again (ms).
 * @param since instant up to which ticks are handled.
 */
export function dueTicks(
  schedule: Pick<ScheduleSnapshot, "cron" | "timezone">,
  since: number,
  now: number,
  missed: MissedTicks,
): { due: number[]; next: number | undefined } {
  const { cron, timezone } = schedule;
  const first = nextTick(cron, timezone, since);
  if (first === undefined || first > now) return { due: [], next: first };
  const next = nextTick(cron, timezone, now);
  const latest = latestTick(cron, timezone, since, now);
  if (latest === undefined || (missed === "skip" && now - latest > missedAfterMs)) return { due: [], next };
  const due = [latest];
  while (typeof missed === "object" && due.length < missed.catchUp) {
    const before = latestTick(cron, timezone, since, due[0]! - 1);
    if (before === undefined) break;
    due.unshift(before);
  }
  return { due, next };
}

/** The next `count` ticks after an instant (ms). */
export function upcomingTicks(schedule: Pick<ScheduleSnapshot, "cron" | "timezone">, after: number, count: number): number[] {
  const ticks: number[] = [];
  for (let at: number | undefined = after; ticks.length < count; ticks.push(at)) {
    at = nextTick(schedule.cron, schedule.timezone, at);
    if (at === undefined) break;
  }
  return ticks;
}
