import { existsSync, readFileSync } from "node:fs";
import { formatDuration } from "@kc/runtime/internal";
import { parse } from "yaml";
import { z } from "zod";
import { instanceSchema } from "./instance-file.ts";

/** A setting as a person reads it. */
export interface SettingView {
  path: string;
  value: string;
  by: "kc.yaml" | "default";
}

/**
 * Every setting with the value that counts: as kc.yaml has it, else the default. A variable stays its name, `env:NAME`, and
 * of an address only the host and the path are shown, so that no secret is.
 */
export function describeSettings(file: string): SettingView[] {
  const raw: unknown = existsSync(file) ? parse(readFileSync(file, "utf8")) : {};
  return [...walk(instanceSchema, raw ?? {}, defaults, "")]
    .filter(({ path, by }) => by === "kc.yaml" || !/^(run|event_log|schedule)_storage\./.test(path))
    .map((setting) => (setting.path === "storage" && setting.by === "default" ? { ...setting, value: "sqlite" } : setting));
}

const defaults: unknown = instanceSchema.parse({});
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function* walk(schema: z.ZodType | undefined, raw: unknown, fallback: unknown, path: string): Generator<SettingView> {
  const inner = schema && unwrapped(schema);
  const fields = inner instanceof z.ZodObject ? inner.shape : {};
  const names = [...new Set([...Object.keys(fields), ...(isObject(raw) && !isVariable(raw) ? Object.keys(raw) : [])])];
  if (names.length === 0 || (raw !== undefined && !isObject(raw)) || isVariable(raw)) {
    yield raw === undefined || raw === null
      ? { path, value: defaultText(inner, fallback), by: "default" }
      : { path, value: shown(raw, path), by: "kc.yaml" };
    return;
  }
  const at = (of: unknown, name: string) => (isObject(of) ? of[name] : undefined);
  for (const name of names)
    yield* walk(fields[name] as z.ZodType | undefined, at(raw, name), at(fallback, name), path ? `${path}.${name}` : name);
}

/** The schema below defaults and options. */
function unwrapped(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional
    ? unwrapped(schema.unwrap() as z.ZodType)
    : schema;
}

function defaultText(schema: z.ZodType | undefined, value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0) || (isObject(value) && Object.keys(value).length === 0))
    return "not set";
  // A duration is written as text and counts as milliseconds.
  return schema instanceof z.ZodPipe && typeof value === "number" ? formatDuration(value).replace(".0s", "s") : text(value);
}

const isVariable = (value: unknown): value is { env: string } =>
  isObject(value) && Object.keys(value).length === 1 && typeof value.env === "string";

function shown(value: unknown, path: string): string {
  return text(hidden(value, path));
}

function hidden(value: unknown, path: string): unknown {
  if (isVariable(value)) return `env:${value.env}`;
  if (Array.isArray(value)) return value.map((item) => hidden(item, path));
  if (isObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, hidden(item, `${path}.${key}`)]));
  if (typeof value !== "string" || value.startsWith("env:")) return value;
  if (/(token|password|secret|api_key)$/i.test(path)) return "hidden";
  if (!/:\/\//.test(value) && !/(^|_)url$/.test(path)) return value;
  if (!URL.canParse(value)) return "hidden";
  const { protocol, host, pathname } = new URL(value);
  // What lets one write to a channel stands in the path.
  return `${protocol}//${host}${path.startsWith("alerts.channels.") ? "" : pathname}`;
}

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
