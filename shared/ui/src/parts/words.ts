import type { AlertsInfo, Asset, Backfill, Instigator } from "@kc/host/client";

// What the API's values are called where people read them. A value without a word does not compile.

/** "1 asset", "1,200 assets". */
export const counted = (count: number, what: string): string => `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;

export const freshnessWords: Record<NonNullable<Asset["freshness"]>, string> = {
  fresh: "fresh",
  warn: "late",
  fail: "too late",
  unknown: "freshness unknown",
};

/** What a schedule or sensor is, and of one without a clock what makes it tick. */
export const instigatorWords: Record<Instigator["kind"], { name: string; when: string }> = {
  schedule: { name: "schedule", when: "by the clock" },
  poll: { name: "polling sensor", when: "by the clock" },
  asset: { name: "asset sensor", when: "on news of an asset" },
  multi_asset: { name: "sensor of several assets", when: "on news of assets" },
  run_status: { name: "run status sensor", when: "as runs end" },
  freshness_change: { name: "freshness sensor", when: "as freshness changes" },
  automation: { name: "automation sensor", when: "on news of assets" },
  freshness: { name: "freshness policy sensor", when: "as policies say" },
};

export const alertEventWords: Record<AlertsInfo["rules"][number]["on"][number], string> = {
  run_failed: "failed runs",
  asset_failed: "failed assets",
  asset_degraded: "degraded assets",
  check_failed: "failed checks",
  freshness: "late assets",
  tick_failed: "failed ticks",
  location_failed: "locations that do not load",
  daemon_unhealthy: "unhealthy daemons",
  channel_failed: "channels that take no messages",
};

/** Undefined where the title says it already. */
export const messageWords: Record<AlertsInfo["deliveries"][number]["kind"], string | undefined> = {
  opened: undefined,
  worse: "it got worse",
  reminder: "reminder",
  recovered: undefined,
  summary: "summary",
  test: "test",
};

export const channelWords: Record<AlertsInfo["channels"][number]["type"], string> = {
  slack: "Slack",
  teams: "Microsoft Teams",
  discord: "Discord",
  telegram: "Telegram",
  smtp: "e-mail",
  webhook: "webhook",
};

export const policyWord = (policy: Backfill["policy"]): string | null =>
  policy === null
    ? null
    : policy === "single"
      ? "one run"
      : policy === "perPartition"
        ? "a run per partition"
        : `${policy.chunks} partitions a run`;

const conditions: Record<string, string> = {
  missing: "never made",
  inProgress: "being made",
  in_progress: "being made",
  executionFailed: "its latest try failed",
  newlyUpdated: "made since the last look",
  newlyRequested: "requested in the last look",
  willBeRequested: "requested in this look",
  codeVersionChanged: "its code version changed",
  initialEvaluation: "the first look",
  cronTickPassed: "a tick of the cron expression",
  updatedSinceCron: "made since the latest tick",
  inLatestTimeWindow: "in the latest time window",
  in_latest_time_window: "in the latest time window",
  checkPassed: "passed",
  checkFailed: "failed",
  checkMissing: "has no result",
  checks_failed: "a check failed",
  checks_missing: "a check has no result",
  anyDeps: "any dependency",
  allDeps: "every dependency",
  anyChecks: "any check",
  allChecks: "every check",
  and: "all of",
  or: "any of",
  not: "not",
  newlyTrue: "has become true",
  since: "since",
  handled: "requested or made",
  any_deps_updated: "any dependency was updated",
  any_deps_missing: "any dependency was never made",
  any_deps_in_progress: "any dependency is being made",
  all_deps_updated_since_cron: "every dependency was updated since the tick",
  all_deps_blocking_checks_passed: "every blocking check of the dependencies passed",
  updated_since_handled: "something changed since it was last requested or made",
  newly_missing: "it has become missing",
  tick_since_handled: "a tick since it was last requested or made",
  missing_since_handled: "missing since it was last requested or made",
  eager: "eager",
  on_cron: "on cron",
  on_missing: "on missing",
};

/** A part of an automation condition, as in `on_cron(0 6 * * *)`; one with a name of the team's own keeps it. */
export function conditionWord(label: string): string {
  const [, name = label, given] = /^(\w+)\((.+)\)$/s.exec(label) ?? [];
  const word = Object.hasOwn(conditions, name) ? conditions[name]! : undefined;
  return word === undefined ? label : given ? `${word} (${given})` : word;
}
