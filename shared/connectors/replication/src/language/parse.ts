import { UserError } from "@kc/runtime";
import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument } from "yaml";
import type { z } from "zod";
import { refused, refusedHooks, refusedModes } from "./keys.ts";
import { type Hook, replicationSchema, type StreamSettings } from "./schema.ts";

/** A stream as the file declares it: its settings over the file's defaults. Variables are still in place. */
export interface StreamSpec {
  name: string;
  /** `file:line:column` of the stream's name. */
  at: string;
  settings: StreamSettings;
  /** `file:line:column` of a target option, in the stream or else in the defaults. */
  optionAt(name: string): string;
}

export interface Replication {
  file: string;
  source: string;
  target: string;
  env: Record<string, string>;
  /** Disabled ones left out, in the order of the file. */
  streams: StreamSpec[];
  hooks: { start: Hook[]; end: Hook[] };
}

type Path = (string | number)[];

/**
 * Reads a replication file.
 * @throws UserError with file:line:column for wrong YAML, a wrong value, an unknown key, and everything of the language that kc does not take.
 */
export function parseReplication(text: string, file: string): Replication {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const place = (offset: number | undefined): string => {
    const { line, col } = lines.linePos(offset ?? 0);
    return `${file}:${line}:${col}`;
  };
  const error = document.errors[0];
  if (error)
    throw new UserError(error.message.split("\n")[0]!.replace(/ at line \d+, column \d+:?$/, ""), { where: place(error.pos[0]) });
  const at = (path: Path, key?: string): string => place(offsetOf(document, path, key));
  if (!isMap(document.contents))
    throw new UserError("a replication file is a map with source, target and streams", { where: place(0) });

  const raw = document.toJS() as Record<string, unknown>;
  refuse(raw, at);
  const parsed = replicationSchema.safeParse(raw);
  if (!parsed.success) throw issueError(parsed.error.issues[0]!, at);
  const { source, target, defaults = {}, streams, hooks, env = {} } = parsed.data;
  const specs = Object.entries(streams).map(([name, own]) => ({
    name,
    at: at(["streams"], name),
    settings: merge(defaults, own ?? {}),
    optionAt: (option: string) =>
      own?.target_options && option in own.target_options
        ? at(["streams", name, "target_options"], option)
        : at(["defaults", "target_options"], option),
  }));
  for (const spec of specs) checkStream(spec, (key) => at(["streams", spec.name], key));
  return {
    file,
    source,
    target,
    env,
    streams: specs.filter(({ settings }) => !settings.disabled),
    hooks: { start: hooks?.start ?? [], end: hooks?.end ?? [] },
  };
}

/** Options merge by name; keys of an incremental default do not leak into a stream with another mode of its own. */
function merge(defaults: StreamSettings, own: StreamSettings): StreamSettings {
  const merged: StreamSettings = { ...defaults, ...own };
  if (defaults.source_options || own.source_options)
    merged.source_options = { ...defaults.source_options, ...own.source_options };
  if (defaults.target_options || own.target_options)
    merged.target_options = { ...defaults.target_options, ...own.target_options };
  if (own.mode && own.mode !== defaults.mode && ["full-refresh", "truncate", "snapshot"].includes(own.mode)) {
    if (!own.primary_key) delete merged.primary_key;
    if (!own.update_key) delete merged.update_key;
  }
  return merged;
}

function checkStream({ name, settings }: StreamSpec, at: (key?: string) => string): void {
  const { mode = "full-refresh", primary_key, update_key, source_options, target_options } = settings;
  if (name === "*") throw new UserError('the stream "*" names nothing', { where: at(), hint: "Write schema.* or folder/*.csv." });
  if (!settings.object)
    throw new UserError(`stream "${name}" has no object`, { where: at(), hint: "Name the target table: object: public.orders" });
  if (mode === "incremental" && !primary_key && !update_key)
    throw new UserError(`stream "${name}" is incremental without a key`, {
      where: at("mode"),
      hint: "Add primary_key to merge, update_key to append what is newer, or both.",
    });
  if (mode === "backfill" && !(primary_key && update_key && source_options?.range))
    throw new UserError(`stream "${name}" is a backfill: it needs primary_key, update_key and source_options.range`, {
      where: at("mode"),
      hint: 'range: "2026-01-01,2026-01-31"',
    });
  if (target_options?.delete_missing && (mode !== "incremental" || !primary_key || update_key))
    throw new UserError(`stream "${name}": delete_missing needs mode incremental with a primary_key and no update_key`, {
      where: at("target_options"),
      hint: "With an update_key only the newer rows are read: the rest would look missing.",
    });
}

function refuse(raw: Record<string, unknown>, at: (path: Path, key?: string) => string): void {
  const stop = (key: string, path: Path, reason: string) => {
    throw new UserError(`"${key}" is not supported: ${reason}`, { where: at(path, key) });
  };
  const look = (value: unknown, table: Record<string, string>, path: Path) => {
    if (value && typeof value === "object")
      for (const key of Object.keys(value)) if (Object.hasOwn(table, key)) stop(key, path, table[key]!);
  };
  const lookHooks = (value: unknown, path: Path) => {
    if (!value || typeof value !== "object") return;
    for (const [when, list] of Object.entries(value))
      if (Array.isArray(list))
        list.forEach((hook: { type?: string }, index) => {
          if (hook?.type && refusedHooks[hook.type])
            throw new UserError(refusedHooks[hook.type]!, { where: at([...path, when, index], "type") });
        });
  };
  const lookStream = (value: unknown, path: Path) => {
    look(value, refused.stream, path);
    const stream = (value ?? {}) as Record<string, unknown>;
    look(stream["source_options"], refused.source_options, [...path, "source_options"]);
    look(stream["target_options"], refused.target_options, [...path, "target_options"]);
    lookHooks(stream["hooks"], [...path, "hooks"]);
    const mode = stream["mode"];
    if (typeof mode === "string" && refusedModes[mode])
      throw new UserError(`mode "${mode}" is not supported: ${refusedModes[mode]}`, { where: at(path, "mode") });
  };
  lookStream(raw["defaults"], ["defaults"]);
  lookHooks(raw["hooks"], ["hooks"]);
  for (const [name, stream] of Object.entries((raw["streams"] as object | null) ?? {})) lookStream(stream, ["streams", name]);
}

function issueError(issue: z.core.$ZodIssue, at: (path: Path, key?: string) => string): UserError {
  const path = issue.path as Path;
  if (issue.code === "unrecognized_keys")
    return new UserError(`unknown key "${issue.keys[0]}"${path.length > 0 ? ` in ${path.join(".")}` : ""}`, {
      where: at(path, issue.keys[0]),
    });
  const key = path.at(-1);
  const where = typeof key === "string" ? at(path.slice(0, -1), key) : at(path);
  if (issue.code === "invalid_union" && issue.errors[0]?.[0])
    return new UserError(`${path.join(".")}: ${issue.errors[0][0].message}`, { where });
  return new UserError(`${path.join(".") || "the file"}: ${issue.message}`, { where });
}

/** Where a key (or the value at a path) stands; the nearest parent when it is missing. */
function offsetOf(document: Document, path: Path, key?: string): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node = (length === 0 ? document.contents : document.getIn(path.slice(0, length), true)) as Node | null | undefined;
    if (key !== undefined && length === path.length && isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key);
      if (pair) return (pair.key as Node).range?.[0];
    }
    if (node?.range)
      return length > 0 && typeof path[length - 1] === "string" ? keyOffset(document, path.slice(0, length)) : node.range[0];
  }
  return 0;
}

function keyOffset(document: Document, path: Path): number | undefined {
  const parent = (path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)) as Node | undefined;
  const pair = isMap(parent) ? parent.items.find((item) => isScalar(item.key) && item.key.value === path.at(-1)) : undefined;
  return (pair?.key as Node | undefined)?.range?.[0];
}
