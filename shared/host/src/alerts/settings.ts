import { alertEvents, didYouMean, issueWords, parseSelection } from "@kc/runtime/internal";
import { z } from "zod";
import { durationSetting } from "../duration-setting.ts";
import { httpAddress } from "../http-address.ts";
import { explained } from "../schema-issues.ts";

const limit = z.strictObject({ max: z.number().int().min(1), per: durationSetting });
/** Of every channel without one of its own. */
export const defaultRateLimit = { max: 10, perMs: 60_000 };
const shared = {
  /** Messages at one time; what is more becomes one summary. */
  rate_limit: limit.default({ max: defaultRateLimit.max, per: defaultRateLimit.perMs }),
};
const email = z.email({ error: "is no e-mail address" });
const port = z.number().int().min(1).max(65_535);

const channels = {
  /** A Slack app's incoming webhook. */
  slack: z.strictObject({ type: z.literal("slack"), url: httpAddress, ...shared }),
  /** The address of a Teams workflow "When a Teams webhook request is received". */
  teams: z.strictObject({ type: z.literal("teams"), url: httpAddress, ...shared }),
  discord: z.strictObject({ type: z.literal("discord"), url: httpAddress, ...shared }),
  telegram: z.strictObject({
    type: z.literal("telegram"),
    token: z.string().regex(/^\d+:[\w-]+$/, "is no bot token (123456:ABC…)"),
    chat_id: z.union([z.string().min(1), z.number().int()]),
    /** The Bot API's address: another one for a Bot API server of one's own. */
    api: httpAddress.default("https://api.telegram.org"),
    ...shared,
  }),
  smtp: z.strictObject({
    type: z.literal("smtp"),
    host: z.string().min(1),
    port: z
      .union([
        port,
        z
          .string()
          .regex(/^\d{1,5}$/)
          .transform(Number)
          .pipe(port),
      ])
      .default(587),
    /** `tls` from the first byte (465), `starttls` demanded (587), `none` for a relay on this machine. */
    security: z.enum(["tls", "starttls", "none"]).default("starttls"),
    /** PEM file of the authorities that vouch for the server, in place of the public ones. */
    ca: z.string().min(1).optional(),
    user: z.string().optional(),
    password: z.string().optional(),
    from: z.string().min(3),
    to: z.array(email).default([]),
    ...shared,
  }),
  webhook: z.strictObject({
    type: z.literal("webhook"),
    url: httpAddress,
    secret: z.string().min(16, "is too short for a secret: at least 16 characters").optional(),
    ...shared,
  }),
} as const;

export type ChannelSettings = z.output<(typeof channels)[keyof typeof channels]>;
export type ChannelOf<T extends keyof typeof channels> = z.output<(typeof channels)[T]>;
export const channelTypes = Object.keys(channels) as (keyof typeof channels)[];

const name = z.string().regex(/^[\w.-]{1,100}$/, "may have letters, digits, dots, hyphens and underscores");

/** One of `names`, else an error with the nearest. */
const oneOf = <const T extends string>(what: string, names: readonly T[]) =>
  z.string().transform((text, context): T => {
    if (names.includes(text as T)) return text as T;
    const near = didYouMean(text, names);
    context.addIssue({ code: "custom", message: `there is no ${what} "${text}".${near || ` There are ${names.join(", ")}.`}` });
    return z.NEVER;
  });

const channel = z.looseObject({ type: oneOf("channel type", channelTypes) }).transform((value, context): ChannelSettings => {
  const parsed = channels[value.type].safeParse(value, { error: issueWords });
  if (parsed.success) return parsed.data;
  for (const { path, message } of explained(channels[value.type], parsed.error.issues))
    context.addIssue({ code: "custom", message, path: path as string[] });
  return z.NEVER;
});

const selection = z.string().superRefine((text, context) => {
  try {
    parseSelection(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
  }
});

const rule = z.strictObject({
  name,
  on: z.array(oneOf("alert event", alertEvents)).min(1),
  select: selection.optional(),
  locations: z.array(z.string().min(1)).min(1).optional(),
  severity: z.enum(["warn", "error"]).default("warn"),
  channels: z.array(z.string()).min(1),
  owners: z.boolean().default(false),
  recovered: z.boolean().default(true),
  mute_until: z.iso
    .datetime({ offset: true, error: "is no instant: write 2026-01-31T00:00:00Z" })
    .transform((text) => Date.parse(text))
    .optional(),
  rate_limit: limit.optional(),
  remind_every: durationSetting.optional(),
});

const team = z.strictObject({
  email: email.optional(),
  slack_mention: z
    .string()
    .regex(
      /^<(@[UW][A-Z0-9]+|!subteam\^S[A-Z0-9]+|!here|!channel)>$/,
      'is no Slack mention: write "<@U012AB3CD>" or "<!subteam^S012AB3CD>"',
    )
    .optional(),
  discord_mention: z
    .string()
    .regex(/^<@&?\d+>$/, 'is no Discord mention: write "<@123>" for a user or "<@&123>" for a role')
    .optional(),
  telegram_mention: z
    .string()
    .regex(/^@\w{4,32}$/, 'is no Telegram name: write "@name"')
    .optional(),
});

/** `alerts:` of kc.yaml. */
export const alertsSchema = z
  .strictObject({
    channels: z.record(name, channel).default({}),
    rules: z.array(rule).default([]),
    /** Whom `team:x` among an asset's owners means. */
    teams: z.record(z.string(), team).default({}),
    /** Where the UI is reached, for the links in messages. */
    ui_url: httpAddress.optional(),
  })
  .superRefine(({ channels, rules }, context) => {
    const names = Object.keys(channels);
    const seen = new Set<string>();
    for (const [index, rule] of rules.entries()) {
      if (seen.has(rule.name))
        context.addIssue({ code: "custom", path: ["rules", index, "name"], message: `two rules are named "${rule.name}"` });
      seen.add(rule.name);
      for (const [at, one] of rule.channels.entries())
        if (!names.includes(one))
          context.addIssue({ code: "custom", path: ["rules", index, "channels", at], message: noChannel(one, names) });
    }
  });

const noChannel = (name: string, names: readonly string[]): string =>
  `there is no channel "${name}" under alerts.channels.${didYouMean(name, names)}`;

/** The same for a kc.yaml that does not parse otherwise, so that all its problems are told at once. */
export function unknownChannels(raw: unknown): { path: (string | number)[]; message: string }[] {
  const { channels, rules } = (raw as { alerts?: { channels?: unknown; rules?: unknown } | null } | null)?.alerts ?? {};
  const names = channels && typeof channels === "object" ? Object.keys(channels) : [];
  return (Array.isArray(rules) ? rules : []).flatMap((rule: { channels?: unknown } | null, index) =>
    (Array.isArray(rule?.channels) ? rule.channels : []).flatMap((one: unknown, at) =>
      typeof one !== "string" || names.includes(one)
        ? []
        : [{ path: ["alerts", "rules", index, "channels", at], message: noChannel(one, names) }],
    ),
  );
}

export type AlertsSettings = z.output<typeof alertsSchema>;

/** What must come from the environment: whoever has it can write to the channel. */
const secretFields: Record<string, readonly string[]> = {
  slack: ["url"],
  teams: ["url"],
  discord: ["url"],
  telegram: ["token"],
  smtp: ["password"],
  webhook: ["secret"],
};

const isReference = (value: unknown): boolean =>
  (typeof value === "string" && value.startsWith("env:")) ||
  (typeof value === "object" &&
    value !== null &&
    Object.keys(value).length === 1 &&
    typeof (value as { env?: unknown }).env === "string");

/** Paths of the secrets that kc.yaml spells out instead of naming a variable, before `env:` is filled in. */
export function literalSecrets(raw: unknown): string[][] {
  const file = raw as {
    alerts?: { channels?: Record<string, Record<string, unknown> | null> | null } | null;
    openlineage?: { api_key?: unknown } | null;
  } | null;
  const found = Object.entries(file?.alerts?.channels ?? {}).flatMap(([name, channel]) =>
    (secretFields[String(channel?.type)] ?? [])
      .filter((field) => channel?.[field] !== undefined && !isReference(channel[field]))
      .map((field) => ["alerts", "channels", name, field]),
  );
  const key = file?.openlineage?.api_key;
  return key !== undefined && !isReference(key) ? [...found, ["openlineage", "api_key"]] : found;
}

/** Every secret value of the settings: what must never be seen in an answer or an error. */
export function secretsOf(channel: ChannelSettings): string[] {
  const values = channel as unknown as Record<string, unknown>;
  return (secretFields[channel.type] ?? []).flatMap((field) => (typeof values[field] === "string" ? [values[field]] : []));
}
