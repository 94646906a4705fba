import {
  type Addressees,
  type AlertRule,
  type AlertSignal,
  type RateLimit,
  select,
  type WorkspaceGraph,
} from "@kc/runtime/internal";
import type { Mute } from "./mutes.ts";
import { type AlertsSettings, defaultRateLimit } from "./settings.ts";

/** The rules of kc.yaml, and the one that nobody need write: a channel that fails is told on the others. */
export function rulesOf(settings: AlertsSettings): AlertRule[] {
  const written = settings.rules.map(
    (rule): AlertRule => ({
      name: rule.name,
      on: rule.on,
      select: rule.select,
      locations: rule.locations,
      severity: rule.severity,
      channels: rule.channels,
      owners: rule.owners,
      recovered: rule.recovered,
      muteUntil: rule.mute_until,
      remindEveryMs: rule.remind_every,
      rateLimit: rule.rate_limit && { max: rule.rate_limit.max, perMs: rule.rate_limit.per },
    }),
  );
  if (written.length === 0 || written.some((rule) => rule.on.includes("channel_failed"))) return written;
  const channels = Object.keys(settings.channels);
  return [
    ...written,
    { name: "channel_failed", on: ["channel_failed"], severity: "warn", channels, owners: false, recovered: true },
  ];
}

/** Which rule concerns what, on the graph of now; a selection is evaluated once. */
export function ruleScopes(graph: WorkspaceGraph, mutes: readonly Mute[], now: number) {
  const selected = new Map<string, Set<string>>();
  const keys = (selection: string): Set<string> => {
    const found = selected.get(selection) ?? new Set(selectOrNone(graph, selection).keys);
    selected.set(selection, found);
    return found;
  };
  return {
    concerns(rule: AlertRule, signal: AlertSignal): boolean {
      const locations = new Set([
        ...(signal.location ? [signal.location] : []),
        ...signal.assets.flatMap((key) => graph.assets.get(key)?.location ?? []),
      ]);
      if (rule.locations && !rule.locations.some((name) => locations.has(name))) return false;
      return rule.select === undefined || signal.assets.some((key) => keys(rule.select!).has(key));
    },
    mutedUntil(rule: AlertRule, { assets }: Pick<AlertSignal, "assets">): number | undefined {
      const until = mutes
        .filter(
          (mute) =>
            mute.rule === rule.name ||
            (mute.selection !== null && assets.length > 0 && assets.every((key) => keys(mute.selection!).has(key))),
        )
        .map((mute) => mute.until);
      if (rule.muteUntil !== undefined && rule.muteUntil > now) until.push(rule.muteUntil);
      return until.length > 0 ? Math.max(...until) : undefined;
    },
  };
}

/** A selection's keys, or what is wrong with it on the graph of now. */
export function selectOrNone(graph: WorkspaceGraph, selection: string): { keys: string[]; problem?: string } {
  try {
    return { keys: select(graph, selection) };
  } catch (error) {
    return { keys: [], problem: (error as Error).message };
  }
}

/** The owners of assets: e-mail addresses as they are, `team:x` as kc.yaml maps it. */
export function ownersOf(
  graph: WorkspaceGraph,
  teams: AlertsSettings["teams"],
  rule: AlertRule,
  assets: readonly string[],
): { owners: string[]; to: Addressees } {
  const to: Addressees = { emails: [], slack: [], discord: [], telegram: [] };
  if (!rule.owners) return { owners: [], to };
  const owners = [...new Set(assets.flatMap((key) => graph.assets.get(key)?.owners ?? []))].slice(0, 50);
  for (const owner of owners) {
    const team = owner.startsWith("team:") ? teams[owner.slice(5)] : undefined;
    if (!owner.startsWith("team:") && owner.includes("@")) to.emails.push(owner);
    if (team?.email) to.emails.push(team.email);
    if (team?.slack_mention) to.slack.push(team.slack_mention);
    if (team?.discord_mention) to.discord.push(team.discord_mention);
    if (team?.telegram_mention) to.telegram.push(team.telegram_mention);
  }
  return { owners, to };
}

export const limitOf = (settings: AlertsSettings, channel: string): RateLimit => {
  const limit = settings.channels[channel]?.rate_limit;
  return limit ? { max: limit.max, perMs: limit.per } : defaultRateLimit;
};
