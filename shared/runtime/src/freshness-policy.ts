import { nextTick } from "./cron.ts";
import { type Duration, durationMs } from "./duration.ts";
import { didYouMean, UserError } from "./errors.ts";
import type { PartitionsDefinition } from "./partition/definition.ts";

/**
 * What is looked at: any materialization, or only that of the latest window. Default: the latest window where the asset is
 * divided by time, so that making an old partition anew does not make it fresh.
 */
export type FreshnessOf = "any" | "latestPartition";

/** How long an asset may go without a new materialization: over `warn` it is a warning, over `fail` a failure. */
export interface MaxAgePolicy {
  maxAge: { warn?: Duration; fail: Duration };
  cron?: never;
  of?: FreshnessOf;
}

/** By each tick of `deadline` a materialization that is at most `within` older than it must stand; an earlier one does not count. */
export interface CronPolicy {
  cron: { deadline: string; within: Duration /** Default UTC. */; timezone?: string };
  maxAge?: never;
  of?: FreshnessOf;
}

export type FreshnessPolicy = MaxAgePolicy | CronPolicy;

/** A policy as the workspace knows it. Milliseconds. */
export type FreshnessSnapshot = ({ warnMs?: number; failMs: number } | { cron: string; timezone: string; withinMs: number }) & {
  of?: "latestPartition";
};

const minute = 60_000;

/**
 * The policy as data.
 * @param what Whose policy it is, for messages: `asset "orders"`.
 * @throws UserError when it is neither by age nor by deadline, when a span is under a minute, `warn` is not shorter than
 * `fail`, `within` is longer than the shortest time between two deadlines, or the asset has no latest partition to look at.
 */
export function freshnessSnapshot(
  what: string,
  policy: FreshnessPolicy,
  partitions: PartitionsDefinition | undefined,
): FreshnessSnapshot {
  if (policy.maxAge) onlyKeys(`${what}: freshness.maxAge`, policy.maxAge, ["warn", "fail"]);
  if (policy.cron) onlyKeys(`${what}: freshness.cron`, policy.cron, ["deadline", "within", "timezone"]);
  const byTime = partitions?.type === "time";
  if (policy.of === "latestPartition" && !byTime)
    throw new UserError(`${what}: freshness.of "latestPartition" needs partitions by time`, {
      hint: 'Leave it out, or write "any".',
    });
  if (policy.of !== undefined && policy.of !== "any" && policy.of !== "latestPartition")
    throw new UserError(`${what}: freshness.of "${String(policy.of)}" is neither "any" nor "latestPartition"`);
  const of = byTime && policy.of !== "any" ? { of: "latestPartition" as const } : {};
  if ((policy.maxAge === undefined) === (policy.cron === undefined))
    throw new UserError(`${what}: freshness has ${policy.maxAge ? "both maxAge and cron" : "neither maxAge nor cron"}`, {
      hint: 'Write { maxAge: { warn: "1h", fail: "2h" } } or { cron: { deadline: "0 9 * * *", within: "1h" } }.',
    });
  return { ...(policy.maxAge ? byAge(what, policy.maxAge) : byDeadline(what, policy.cron!)), ...of };
}

/** @throws UserError at a key that there is not: mistyped, it would be a limit that nobody keeps. */
function onlyKeys(what: string, value: object, keys: readonly string[]): void {
  for (const key of Object.keys(value))
    if (!keys.includes(key))
      throw new UserError(`${what} has no "${key}".${didYouMean(key, keys) || ` It has ${keys.join(", ")}.`}`);
}

function byAge(what: string, { warn, fail }: MaxAgePolicy["maxAge"]): { warnMs?: number; failMs: number } {
  const failMs = atLeastAMinute(fail, `${what}: freshness.maxAge.fail`);
  if (warn === undefined) return { failMs };
  const warnMs = atLeastAMinute(warn, `${what}: freshness.maxAge.warn`);
  if (warnMs >= failMs) throw new UserError(`${what}: freshness.maxAge.warn must be shorter than fail`);
  return { warnMs, failMs };
}

function byDeadline(what: string, { deadline, within, timezone = "UTC" }: CronPolicy["cron"]) {
  const withinMs = atLeastAMinute(within, `${what}: freshness.cron.within`);
  const gap = located(what, () => smallestGap(deadline, timezone));
  if (gap === undefined) throw new UserError(`${what}: freshness.cron.deadline "${deadline}" never comes twice`);
  if (withinMs > gap)
    throw new UserError(`${what}: freshness.cron.within ${within} is longer than the shortest time between two deadlines`, {
      hint: `"${deadline}" comes again after ${Math.round(gap / minute)} minutes.`,
    });
  return { cron: deadline, timezone, withinMs };
}

function located<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${what}: freshness.cron: ${error.message}`, { hint: error.hint });
  }
}

function atLeastAMinute(duration: Duration, what: string): number {
  const ms = durationMs(duration, what);
  if (ms < minute) throw new UserError(`${what} ${duration} is under a minute`);
  return ms;
}

const gaps = new Map<string, number | undefined>();

/** The shortest time (ms) between two ticks, of some hundred from a fixed day on, so that the answer does not depend on today. */
function smallestGap(cron: string, timezone: string): number | undefined {
  const name = `${cron}\0${timezone}`;
  if (gaps.has(name)) return gaps.get(name);
  let least: number | undefined;
  let before = nextTick(cron, timezone, Date.UTC(2026, 0, 1));
  for (let count = 0; count < 400 && before !== undefined; count++) {
    const next = nextTick(cron, timezone, before);
    if (next === undefined) break;
    if (least === undefined || next - before < least) least = next - before;
    before = next;
  }
  gaps.set(name, least);
  return least;
}
