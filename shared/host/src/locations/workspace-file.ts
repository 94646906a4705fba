import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { UserError } from "@kc/runtime/internal";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";

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

const one = z.strictObject({
  package: z.strictObject({ path: z.string(), location_name: z.string().optional(), entry: z.string().optional() }),
});
const schema = z.strictObject({ load_from: z.array(z.record(z.string(), z.unknown())) });
const manifestSchema = z.object({
  kc: z
    .object({
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
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(file, "utf8"), { lineCounter: lines });
  const short = relative(process.cwd(), file) || file;
  const place = (path: (string | number)[]): string => {
    const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined;
    return `${short}:${lines.linePos(node?.range?.[0] ?? 0).line || 1}`;
  };
  const syntax = document.errors[0];
  if (syntax) throw new UserError(syntax.message.split("\n")[0]!, { where: `${short}:${lines.linePos(syntax.pos[0]).line}` });
  const parsed = schema.safeParse(document.toJS());
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new UserError(`${issue.path.join(".") || "(root)"}: ${issue.message}`, {
      where: place(issue.path as (string | number)[]),
    });
  }
  const locations: LocationEntry[] = [];
  const problems: { name: string; message: string; where: string }[] = [];
  parsed.data.load_from.forEach((raw, index) => {
    const where = place(["load_from", index]);
    const kind = Object.keys(raw)[0] ?? "";
    if (laterKinds.includes(kind))
      throw new UserError(`load_from.${index}: "${kind}" locations are not built yet; "package" is`, { where });
    const entry = one.safeParse(raw);
    if (!entry.success)
      throw new UserError(`load_from.${index}: ${entry.error.issues[0]!.path.join(".")}: ${entry.error.issues[0]!.message}`, {
        where,
        hint: "Write: - package: { path: locations/<name> }",
      });
    const folder = resolve(dirname(file), entry.data.package.path);
    try {
      const location = readLocationPackage(folder, where);
      locations.push({
        ...location,
        ...(entry.data.package.location_name
          ? { name: entry.data.package.location_name, declared: location.declared ?? location.name }
          : {}),
        entry: entry.data.package.entry ? join(folder, entry.data.package.entry) : location.entry,
      });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push({ name: entry.data.package.location_name ?? folder.split("/").at(-1)!, message: error.toString(), where });
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
    manifest = manifestSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new UserError(
      `${file}: ${error instanceof z.ZodError ? error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ") : (error as Error).message}`,
      { where },
    );
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
