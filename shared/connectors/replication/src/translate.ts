import { type AssetSpec, type AutomationCondition, anyDepsUpdated, eager, onCron, UserError } from "@kc/runtime";
import { z } from "zod";
import type { StreamSpec } from "./language/parse.ts";
import { clean, fileName } from "./language/variables.ts";

const list = z.union([z.string(), z.array(z.string())]).transform((value) => (Array.isArray(value) ? value : [value]));

/** What `meta.kc` of a stream may say about its asset. */
const kcMeta = z.strictObject({
  key: z.string().optional(),
  deps: list.optional(),
  group: z.string().optional(),
  owners: list.optional(),
  kinds: list.optional(),
  tags: z.record(z.string(), z.string()).optional(),
  description: z.string().optional(),
  code_version: z.string().optional(),
  automation: z.string().optional(),
  freshness: z.strictObject({ warn: z.string().optional(), fail: z.string() }).optional(),
});

/** The asset of a stream: its key is the table's name unless `meta.kc.key` (or `meta.dagster.asset_key`) names another. */
export function streamSpec(stream: StreamSpec, kinds: readonly string[]): AssetSpec {
  const { settings, at } = stream;
  const parsed = kcMeta.safeParse(settings.meta?.["kc"] ?? {});
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new UserError(
      `meta.kc of stream "${stream.name}" is wrong: ${issue.path.join(".")} ${issue.message}`.replace("  ", " "),
      { where: at },
    );
  }
  const meta = parsed.data;
  const dagster = settings.meta?.["dagster"] as { asset_key?: string | string[] } | undefined;
  const named = typeof dagster?.asset_key === "string" ? dagster.asset_key : dagster?.asset_key?.join("/");
  const description = meta.description ?? settings.description;
  return {
    key: meta.key ?? named ?? defaultKey(stream),
    kinds: meta.kinds ?? [...new Set(["sling", ...kinds])].filter((kind) => kind !== "file"),
    tags: { ...Object.fromEntries((settings.tags ?? []).map((tag) => [tag, ""])), ...meta.tags },
    metadata: { stream: stream.name, object: settings.object!, mode: settings.mode ?? "full-refresh" },
    ...(meta.deps ? { deps: meta.deps.map((key) => ({ key })) } : {}),
    ...(meta.group ? { group: meta.group } : {}),
    ...(meta.owners ? { owners: meta.owners } : {}),
    ...(description ? { description } : {}),
    ...(meta.code_version ? { codeVersion: meta.code_version } : {}),
    ...(meta.automation ? { automation: automationOf(meta.automation, at) } : {}),
    ...(meta.freshness ? { freshness: { maxAge: meta.freshness as never } } : {}),
  };
}

/** The table's name; for a wildcard, whose table has variables in its name, what is left of the pattern. */
function defaultKey(stream: StreamSpec): string {
  const object = stream.settings.object!.split(".").at(-1)!;
  const name = object
    .replaceAll(
      /\{stream_(file_name|table|table_lower)\}/g,
      /^\/|^file:|\$\{/.test(stream.name) ? fileName(stream.name) : (stream.name.split(".").at(-1) ?? ""),
    )
    .replaceAll(/\{[^}]*\}|\$\{[^}]*\}/g, "");
  const key = clean(name.replaceAll(/["`]/g, "")).replaceAll(/^_+|_+$/g, "");
  if (!key)
    throw new UserError(`stream "${stream.name}" needs a key of its own`, {
      where: stream.at,
      hint: "Write meta: {kc: {key: team/orders}}.",
    });
  return key;
}

function automationOf(text: string, where: string): AutomationCondition {
  if (text === "eager") return eager();
  if (text === "any_deps_updated") return anyDepsUpdated();
  const cron = /^on_cron\((.+?)(?:,\s*([\w/+-]+))?\)$/.exec(text);
  if (cron) return onCron(cron[1]!.trim(), cron[2]);
  throw new UserError(`the automation "${text}" is not known`, {
    where,
    hint: 'Use "eager", "any_deps_updated" or "on_cron(0 6 * * *)".',
  });
}
