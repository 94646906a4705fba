import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { issueWords, placed, UserError } from "@kc/runtime/internal";
import { z } from "zod";
import { explained, type Issue } from "../schema-issues.ts";
import { readYamlFile } from "../yaml-file.ts";

/** A code location before it is loaded. */
export interface LocationEntry {
  name: string;
  /** What its package.json calls it, where workspace.yaml gives it another name. */
  declared?: string;
  /** Absolute folder of its package. */
  folder: string;
  /** Absolute file whose default export is the location. */
  entry: string;
  loader: "node" | "tsx";
  /** Names of the connections it uses. */
  connections: string[];
  /** Folders and files besides `src` whose change reloads it, relative to its folder. */
  watch: string[];
  /** `workspace.yaml:4` */
  where: string;
}

const entrySchema = z.strictObject({
  package: z.strictObject({ path: z.string(), location_name: z.string().optional(), entry: z.string().optional() }),
});
const schema = z.strictObject({ load_from: z.array(z.unknown()) });
const manifestSchema = z.object({
  kc: z
    .strictObject({
      location: z.string(),
      entry: z.string().default("src/definitions.ts"),
      loader: z.enum(["node", "tsx"]).default("tsx"),
      connections: z.array(z.string()).default([]),
      watch: z.array(z.string()).default([]),
    })
    .optional(),
});

/** The kinds of the design that later versions load. */
const laterKinds = ["module", "file", "grpc_server"];

/** What is wrong with an entry of `load_from`. */
function entryIssues(entry: unknown, index: number): Issue[] {
  const path = ["load_from", index];
  const later = typeof entry === "object" && entry !== null ? laterKinds.find((kind) => kind in entry) : undefined;
  if (later) return [{ path, message: `"${later}" locations are not built yet; "package" is` }];
  const parsed = entrySchema.safeParse(entry, { error: issueWords });
  return parsed.success
    ? []
    : explained(entrySchema, parsed.error.issues).map((one) => ({ ...one, path: [...path, ...one.path] }));
}

/** The first of what is wrong; how many there are besides. */
function refused(problems: readonly { message: string; where: string }[]): UserError {
  const { message, where } = problems[0]!;
  const more = problems.slice(1).map((one) => `${one.where}: ${one.message}`);
  return new UserError(message, { where, hint: [...more, "An entry reads: - package: { path: locations/<name> }"].join("\n") });
}

/**
 * Reads workspace.yaml. A location whose package is missing or broken is an entry of `problems`, not an exception.
 * @throws UserError with file and line when the file itself is wrong.
 */
export function readWorkspaceFile(file: string): {
  locations: LocationEntry[];
  problems: { name: string; message: string; where: string }[];
} {
  if (!existsSync(file))
    throw new UserError(`there is no ${file}`, {
      hint: "kc runs in a repository with a workspace.yaml, or in the folder of one location.",
    });
  const { value, errors, place } = readYamlFile(file, relative(process.cwd(), file) || file);
  if (errors[0]) throw refused(errors);
  const parsed = schema.safeParse(value ?? {}, { error: issueWords });
  const issues = parsed.success ? parsed.data.load_from.flatMap(entryIssues) : explained(schema, parsed.error.issues);
  if (!parsed.success || issues.length > 0)
    throw refused(
      // What is missing may well be there under another name.
      issues
        .sort((a, b) => Number(a.message === "is missing") - Number(b.message === "is missing"))
        .map(({ path, message }) => ({ message: `${path.join(".") || "the file"}: ${message}`, where: place(path) })),
    );
  const locations: LocationEntry[] = [];
  const problems: { name: string; message: string; where: string }[] = [];
  (parsed.data.load_from as z.output<typeof entrySchema>[]).forEach((entry, index) => {
    const where = place(["load_from", index]);
    const folder = resolve(dirname(file), entry.package.path);
    try {
      const location = readLocationPackage(folder, where);
      locations.push({
        ...location,
        ...(entry.package.location_name
          ? { name: entry.package.location_name, declared: location.declared ?? location.name }
          : {}),
        entry: entry.package.entry ? join(folder, entry.package.entry) : location.entry,
      });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push({ name: entry.package.location_name ?? folder.split("/").at(-1)!, message: error.toString(), where });
    }
  });
  const seen = new Map<string, string>();
  for (const location of locations) {
    if (seen.has(location.name))
      throw new UserError(`two locations are named "${location.name}": ${seen.get(location.name)} and ${location.where}`, {
        hint: "Give one of them a location_name.",
      });
    seen.set(location.name, location.where);
  }
  return { locations, problems };
}

/**
 * A location from its package.json alone.
 * @throws UserError when there is none, or when it is no location's.
 */
export function readLocationPackage(folder: string, where: string): LocationEntry {
  const file = join(folder, "package.json");
  if (!existsSync(file))
    throw new UserError(`there is no ${file}`, {
      where,
      hint: "workspace.yaml names a folder that is not there; remove the entry or restore the folder.",
    });
  let manifest: z.infer<typeof manifestSchema>;
  try {
    const parsed = manifestSchema.safeParse(JSON.parse(readFileSync(file, "utf8")), { error: issueWords });
    if (!parsed.success) throw new Error(explained(manifestSchema, parsed.error.issues).map(placed).join("; "));
    manifest = parsed.data;
  } catch (error) {
    throw new UserError(`${file}: ${(error as Error).message}`, { where });
  }
  if (!manifest.kc)
    throw new UserError(`${file} has no "kc" entry`, {
      where,
      hint: 'Add "kc": { "location": "<name>", "entry": "src/definitions.ts" }.',
    });
  const { location, entry, loader, connections, watch } = manifest.kc;
  return { name: location, folder, entry: join(folder, entry), loader, connections, watch, where };
}

/** The locations of a repository, or the one location of a folder that stands alone. */
export function findLocations(root: string): ReturnType<typeof readWorkspaceFile> {
  const file = join(root, "workspace.yaml");
  if (existsSync(file)) return readWorkspaceFile(file);
  return { locations: [readLocationPackage(root, "package.json")], problems: [] };
}
