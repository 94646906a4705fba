import { basename, dirname, extname } from "node:path";
import { UserError } from "@kc/runtime";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Replaces `${NAME}` by the file's own `env:` or the environment.
 * @throws UserError naming every variable that is unset or empty.
 */
export function expandEnv(text: string, env: Environment, where: string): string {
  const missing = new Set<string>();
  const expanded = text.replaceAll(/\$\{([A-Za-z_]\w*)\}/g, (_, name: string) => {
    const value = env[name];
    if (!value) missing.add(name);
    return value ?? "";
  });
  if (missing.size > 0)
    throw new UserError(
      `${[...missing].join(", ")} ${missing.size > 1 ? "are" : "is"} not set or empty, but "${text}" needs ${missing.size > 1 ? "them" : "it"}`,
      { where, hint: "Set it in the environment, in .env, or under env: of the file." },
    );
  return expanded;
}

/** Replaces `{name}` by the run's variables. Unknown names are an error, except in SQL, where braces may be the author's own. */
export function expandVariables(
  text: string,
  values: Readonly<Record<string, unknown>>,
  where: string,
  unknown: "error" | "keep" = "error",
): string {
  return text.replaceAll(/\{([A-Za-z_][\w.]*)\}/g, (all, name: string) => {
    const value = lookUp(values, name);
    if (value !== undefined) return typeof value === "object" ? JSON.stringify(value) : String(value);
    if (unknown === "keep") return all;
    throw new UserError(`the variable {${name}} is not known`, { where, hint: `Known: ${Object.keys(values).join(", ")}.` });
  });
}

/** `a.b.c`: a variable of that very name, else into nested values. */
export function lookUp(values: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(values, name)) return values[name];
  let at: unknown = values;
  for (const part of name.split(".")) {
    if (at === null || typeof at !== "object" || !Object.hasOwn(at, part)) return undefined;
    at = (at as Record<string, unknown>)[part];
  }
  return at;
}

/** A value as part of a table's name. */
export const clean = (text: string): string => text.replaceAll(/[^A-Za-z0-9_]+/g, "_");

export interface StreamPlace {
  /** Path of a file, or undefined for a table. */
  path?: string | undefined;
  schema?: string | undefined;
  table?: string | undefined;
  name: string;
}

/** The variables of one stream of one run. */
export function streamVariables(
  place: StreamPlace,
  run: { id: string; now: Date; source: string; target: string; targetSchema: string },
): Record<string, string> {
  const table = clean(place.table ?? (place.path ? fileName(place.path) : place.name));
  const iso = run.now.toISOString();
  const [date, time] = [iso.slice(0, 10), iso.slice(11, 19)];
  return {
    stream_name: clean(place.name),
    stream_schema: clean(place.schema ?? ""),
    stream_schema_lower: clean(place.schema ?? "").toLowerCase(),
    stream_schema_upper: clean(place.schema ?? "").toUpperCase(),
    stream_table: table,
    stream_table_lower: table.toLowerCase(),
    stream_table_upper: table.toUpperCase(),
    stream_full_name: place.name,
    stream_run_id: run.id,
    ...(place.path
      ? {
          stream_file_path: place.path,
          stream_file_name: clean(fileName(place.path)),
          stream_file_folder: clean(basename(dirname(place.path))),
          stream_file_ext: extname(place.path).slice(1),
        }
      : {}),
    source_name: clean(run.source),
    target_name: clean(run.target),
    target_schema: clean(run.targetSchema),
    run_timestamp: `${date.replaceAll("-", "_")}_${time.replaceAll(":", "")}`,
    YYYY: iso.slice(0, 4),
    YY: iso.slice(2, 4),
    MM: iso.slice(5, 7),
    DD: iso.slice(8, 10),
    HH: iso.slice(11, 13),
    "timestamp.date": date,
    "timestamp.datetime": `${date} ${time}`,
    "timestamp.unix": String(Math.floor(run.now.getTime() / 1_000)),
  };
}

/** The name of a file without its extensions: `orders.csv.gz` is orders. */
export const fileName = (path: string): string =>
  basename(path)
    .replace(/\.(gz|zst)$/i, "")
    .replace(/\.[^.]*$/, "");
