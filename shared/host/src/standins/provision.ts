import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { UserError } from "@kc/runtime/internal";
import { parseDocument } from "yaml";
import type { Environment } from "../environment.ts";
import type { LocationEntry } from "../locations/workspace-file.ts";
import type { InstancePaths } from "../paths.ts";

/** What a location wants its stand-ins to hold, by connection: the sections of its standins.yaml. */
export function readStandinsFile(
  entry: LocationEntry,
  root: string,
): { file: string; sections: Record<string, unknown> } | undefined {
  const file = join(entry.folder, "standins.yaml");
  if (!existsSync(file)) return undefined;
  const document = parseDocument(readFileSync(file, "utf8"));
  const shown = relative(root, file);
  if (document.errors[0]) throw new UserError(document.errors[0].message.split("\n")[0]!, { where: shown });
  return { file: shown, sections: (document.toJS() ?? {}) as Record<string, unknown> };
}

/**
 * Applies one section through the vendor's own public API, by the program that the connection names. The program is
 * idempotent; it answers the ids that became variables. An unchanged section of an unchanged stand-in is not applied again.
 * @throws UserError with the program's last line.
 */
export async function provision(params: {
  program: string;
  connection: string;
  spec: unknown;
  entry: LocationEntry;
  file: string;
  variables: Record<string, string>;
  env: Environment;
  paths: InstancePaths;
}): Promise<Record<string, string>> {
  const { program, connection, spec, entry, paths } = params;
  const memory = join(paths.standins, connection, `provisioned-${entry.name}.json`);
  const hash = createHash("sha256")
    .update(JSON.stringify([spec, entry.folder, filesOf(spec, entry.folder)]))
    .digest("hex");
  const known = existsSync(memory)
    ? (JSON.parse(readFileSync(memory, "utf8")) as { hash: string; variables: Record<string, string> })
    : undefined;
  if (known?.hash === hash) return known.variables;
  const input = JSON.stringify({ spec, root: paths.root, location_dir: entry.folder });
  const { code, stdout, stderr } = await run(join(paths.root, program), input, { ...params.env, ...params.variables });
  const line = stdout.trim().split("\n").at(-1) ?? "";
  if (code !== 0 || !line.startsWith("{"))
    throw new UserError(
      `${params.file} could not be applied to ${connection}: ${stderr.trim().split("\n").at(-1) || `exit code ${code}`}`,
      { where: params.file },
    );
  const { variables } = JSON.parse(line) as { variables: Record<string, string> };
  writeFileSync(memory, JSON.stringify({ hash, variables }));
  return variables;
}

/** Contents of the files that a section names, so that an edited notebook is applied again. */
function filesOf(spec: unknown, folder: string): string[] {
  if (Array.isArray(spec)) return spec.flatMap((item) => filesOf(item, folder));
  if (!spec || typeof spec !== "object") return [];
  return Object.entries(spec).flatMap(([key, value]) =>
    key === "file" && typeof value === "string" && existsSync(join(folder, value))
      ? [readFileSync(join(folder, value), "utf8")]
      : filesOf(value, folder),
  );
}

function run(program: string, input: string, env: Environment): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program], {
      env: env as NodeJS.ProcessEnv,
      stdio: ["pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr = (stderr + chunk).slice(-10_000);
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}
