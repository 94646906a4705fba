import type { Addressees, AlertKind, AlertMessage, AlertRule, AlertSignal, AlertState, RateLimit } from "../alert.ts";
import { iso } from "../clock.ts";

/** What a channel was told lately: `from` is the start of the window (ms), `held` the titles that were too many. */
export interface AlertWindow {
  from: number;
  sent: number;
  held: number;
  titles: string[];
}
export type AlertWindows = Readonly<Record<string, AlertWindow>>;

/** A failure that is older than this when it is first seen (the platform was off) is no news any more. */
export const staleMs = 24 * 3_600_000;

export interface AlertFacts {
  rules: readonly AlertRule[];
  signals: readonly AlertSignal[];
  open: ReadonlyMap<string, AlertState>;
  windows: AlertWindows;
  now: number;
  /** Whether the rule's selection and locations take it in. */
  concerns(rule: AlertRule, signal: AlertSignal): boolean;
  /** Instant (ms) until which the rule says nothing about it; undefined: it speaks. */
  mutedUntil(rule: AlertRule, alert: Pick<AlertSignal, "assets" | "event" | "subject">): number | undefined;
  /** What the alert is about is no more. */
  gone(alert: AlertState): boolean;
  limitOf(channel: string): RateLimit;
  addressed(rule: AlertRule, assets: readonly string[]): { owners: string[]; to: Addressees };
  urlOf(alert: Pick<AlertState, "event" | "subject" | "assets" | "runId">): string | null;
}

export interface AlertDecision {
  alerts: AlertState[];
  closed: string[];
  messages: { channel: string; message: AlertMessage }[];
  windows: AlertWindows;
  /** When to decide again, though nothing happens. */
  next: number | undefined;
}

/**
 * Signals and open alerts -> what to tell whom. One subject of one rule is told once until it is good again, again when it
 * gets worse, and again after `remindEveryMs`. Pure: the same facts give the same messages with the same ids.
 */
export function decideAlerts(facts: AlertFacts): AlertDecision {
  const { now, rules } = facts;
  const byName = new Map(rules.map((rule) => [rule.name, rule]));
  const open = new Map(facts.open);
  const changed = new Set<string>();
  const closed = new Set<string>();
  const told: { rule: AlertRule; alert: AlertState; kind: AlertKind; at: number }[] = [];

  const put = (alert: AlertState) => {
    open.set(alert.key, alert);
    changed.add(alert.key);
    closed.delete(alert.key);
  };
  const close = (alert: AlertState) => {
    open.delete(alert.key);
    changed.delete(alert.key);
    closed.add(alert.key);
  };
  const tell = (rule: AlertRule, alert: AlertState, kind: AlertKind, at: number) => {
    put({ ...alert, toldAt: now });
    told.push({ rule, alert, kind, at });
  };

  for (const alert of open.values()) if (!byName.has(alert.rule) || facts.gone(alert)) close(alert);

  for (const signal of facts.signals)
    for (const rule of rules) {
      if (!rule.on.includes(signal.event)) continue;
      const key = `${rule.name}|${signal.event}|${signal.subject}`;
      const known = open.get(key);
      const counts = !signal.good && !(signal.severity === "warn" && rule.severity === "error");
      if (!counts) {
        if (!known) continue;
        close(known);
        if (known.toldAt !== null && rule.recovered)
          told.push({ rule, alert: { ...known, title: signal.title }, kind: "recovered", at: signal.at });
        continue;
      }
      if (known) {
        const worse = known.severity === "warn" && signal.severity === "error";
        const next = { ...known, ...described(signal), count: known.count + 1 };
        if (worse && facts.mutedUntil(rule, known) === undefined) tell(rule, next, "worse", signal.at);
        else put(next);
        continue;
      }
      if (signal.at < now - staleMs || !facts.concerns(rule, signal)) continue;
      const { event, subject } = signal;
      const alert = { key, rule: rule.name, event, subject, ...described(signal), openedAt: signal.at, toldAt: null, count: 1 };
      if (facts.mutedUntil(rule, signal) === undefined) tell(rule, alert, "opened", signal.at);
      else put(alert);
    }

  let next: number | undefined;
  const lookAt = (at: number) => {
    if (next === undefined || at < next) next = at;
  };
  for (const alert of [...open.values()]) {
    const rule = byName.get(alert.rule)!;
    const muted = facts.mutedUntil(rule, alert);
    if (muted !== undefined) {
      lookAt(muted);
      continue;
    }
    if (alert.toldAt === null) tell(rule, alert, "opened", now);
    else if (rule.remindEveryMs !== undefined && alert.toldAt + rule.remindEveryMs <= now) tell(rule, alert, "reminder", now);
    const at = open.get(alert.key)!.toldAt!;
    if (rule.remindEveryMs !== undefined) lookAt(at + rule.remindEveryMs);
  }

  const limited = withinLimits(facts, told);
  for (const { from, perMs, held } of limited.waiting) if (held > 0) lookAt(from + perMs);
  return {
    alerts: [...changed].map((key) => open.get(key)!),
    closed: [...closed],
    messages: limited.messages,
    windows: limited.windows,
    next,
  };
}

const described = ({ severity, title, message, assets, location, runId, partition, eventId }: AlertSignal) => ({
  severity,
  title,
  ...(message === undefined ? {} : { message: message.slice(0, 4_000) }),
  assets: assets.slice(0, 100),
  ...(location === undefined ? {} : { location }),
  ...(runId === undefined ? {} : { runId }),
  ...(partition === undefined ? {} : { partition }),
  ...(eventId === undefined ? {} : { eventId }),
});

/** Lets through what the limits of channels and rules allow; the rest becomes one summary when the window is over. */
function withinLimits(
  facts: AlertFacts,
  told: readonly { rule: AlertRule; alert: AlertState; kind: AlertKind; at: number }[],
): { messages: AlertDecision["messages"]; windows: AlertWindows; waiting: { from: number; perMs: number; held: number }[] } {
  const { now } = facts;
  const messages: AlertDecision["messages"] = [];
  const windows: Record<string, AlertWindow> = {};
  const limits = new Map<string, { limit: RateLimit; channel: string; rule: string }>();
  const channels = new Set([...facts.rules.flatMap((rule) => rule.channels), ...Object.keys(facts.windows)]);
  for (const channel of channels)
    if (!channel.includes("|")) limits.set(channel, { limit: facts.limitOf(channel), channel, rule: "" });
  for (const rule of facts.rules)
    if (rule.rateLimit)
      for (const channel of rule.channels)
        limits.set(`${channel}|${rule.name}`, { limit: rule.rateLimit, channel, rule: rule.name });

  for (const [name, window] of Object.entries(facts.windows)) {
    const known = limits.get(name);
    if (!known) continue;
    if (now < window.from + known.limit.perMs) {
      windows[name] = { ...window, titles: [...window.titles] };
      continue;
    }
    if (window.held === 0) continue;
    messages.push({ channel: known.channel, message: summary(known.rule, known.channel, window, now) });
    windows[name] = { from: now, sent: 1, held: 0, titles: [] };
  }
  for (const { rule, alert, kind, at } of told)
    for (const channel of rule.channels) {
      // A channel that fails is told on the others.
      if (alert.event === "channel_failed" && alert.subject === channel) continue;
      const names = [channel, ...(rule.rateLimit ? [`${channel}|${rule.name}`] : [])];
      for (const name of names) windows[name] ??= { from: now, sent: 0, held: 0, titles: [] };
      const full = names.find((name) => windows[name]!.sent >= limits.get(name)!.limit.max);
      if (full) {
        const window = windows[full]!;
        window.held++;
        if (window.titles.length < 10) window.titles.push(headline(kind, alert.title));
        continue;
      }
      for (const name of names) windows[name]!.sent++;
      messages.push({ channel, message: messageOf(facts, rule, alert, kind, at) });
    }
  const waiting = Object.entries(windows).map(([name, { from, held }]) => ({ from, held, perMs: limits.get(name)!.limit.perMs }));
  return { messages, windows, waiting };
}

const headline = (kind: AlertKind, title: string): string => (kind === "recovered" ? `Recovered: ${title}` : title);

function messageOf(facts: AlertFacts, rule: AlertRule, alert: AlertState, kind: AlertKind, at: number): AlertMessage {
  return {
    id: `${alert.key}|${alert.openedAt}|${kind}${kind === "opened" || kind === "recovered" ? "" : `|${at}`}`,
    kind,
    rule: rule.name,
    event: alert.event,
    subject: alert.subject,
    severity: alert.severity,
    title: headline(kind, alert.title),
    message: kind === "recovered" ? "" : (alert.message ?? ""),
    assets: alert.assets,
    location: alert.location ?? null,
    run_id: alert.runId ?? null,
    count: alert.count,
    opened_at: iso(alert.openedAt),
    at: iso(at),
    url: facts.urlOf(alert),
    ...facts.addressed(rule, alert.assets),
    more: [],
  };
}

function summary(rule: string, channel: string, window: AlertWindow, now: number): AlertMessage {
  const rest = window.held - window.titles.length;
  return {
    id: `summary|${channel}|${rule}|${window.from}`,
    kind: "summary",
    rule,
    event: null,
    subject: channel,
    severity: "error",
    title: `…and ${window.held} more`,
    message: rest > 0 ? `${rest} of them are not listed; kc alerts list shows what is open.` : "",
    assets: [],
    location: null,
    run_id: null,
    count: window.held,
    opened_at: iso(window.from),
    at: iso(now),
    url: null,
    owners: [],
    more: window.titles,
    to: { emails: [], slack: [], discord: [], telegram: [] },
  };
}
