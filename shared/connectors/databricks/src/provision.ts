import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { UserError } from "@kc/runtime";
import { z } from "zod";
import { type DatabricksClient, databricksClient } from "./client.ts";

const name = z.string().min(1).max(255);
const language = z.enum(["PYTHON", "SQL", "SCALA", "R"]);

/** The `databricks:` section of a location's standins.yaml. */
export const provisionSchema = z.strictObject({
  catalogs: z
    .array(z.strictObject({ name, schemas: z.array(z.strictObject({ name, volumes: z.array(name).default([]) })).default([]) }))
    .default([]),
  /** `file` is relative to the location; `path` is absolute in the workspace. */
  notebooks: z
    .array(z.strictObject({ path: z.string().startsWith("/"), file: z.string().min(1), language: language.optional() }))
    .default([]),
  /** `variable` gets the id of the job. `settings` are the Jobs API's. */
  jobs: z
    .array(
      z.strictObject({
        name,
        variable: z
          .string()
          .regex(/^[A-Z][A-Z0-9_]*$/)
          .optional(),
        settings: z.record(z.string(), z.unknown()),
      }),
    )
    .default([]),
});

/** Makes what a location declares, idempotently and by name. Returns the variables that carry the ids. */
export async function provision(
  client: DatabricksClient,
  section: unknown,
  locationDir: string,
): Promise<Record<string, string>> {
  const parsed = provisionSchema.safeParse(section ?? {});
  if (!parsed.success)
    throw new UserError(
      `the databricks section is wrong: ${parsed.error.issues.map((issue) => `${issue.path.join(".") || "databricks"}: ${issue.message}`).join("; ")}`,
      {
        where: join(locationDir, "standins.yaml"),
      },
    );
  const { catalogs, notebooks, jobs } = parsed.data;
  for (const catalog of catalogs) {
    await client.unityCatalog.ensureCatalog(catalog.name);
    for (const schema of catalog.schemas) {
      await client.unityCatalog.ensureSchema(catalog.name, schema.name);
      for (const volume of schema.volumes) await client.unityCatalog.ensureVolume(catalog.name, schema.name, volume);
    }
  }
  for (const notebook of notebooks) {
    await client.workspace.mkdirs(dirname(notebook.path));
    await client.workspace.import(notebook.path, await source(notebook.file, locationDir), {
      language: notebook.language ?? languageOf(notebook.file),
    });
  }
  const variables: Record<string, string> = {};
  for (const job of jobs) {
    const id = await client.jobs.ensure(job.name, job.settings);
    if (job.variable) variables[job.variable] = String(id);
  }
  return variables;
}

async function source(file: string, locationDir: string): Promise<Buffer> {
  const path = resolve(locationDir, file);
  const inside = relative(locationDir, path);
  if (inside.startsWith("..") || isAbsolute(inside))
    throw new UserError(`notebook file "${file}" is outside the location`, { where: join(locationDir, "standins.yaml") });
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`notebook file "${file}" cannot be read (${error.code})`, {
      where: join(locationDir, "standins.yaml"),
      hint: "Write it relative to the location's folder.",
    });
  });
}

const languages = { py: "PYTHON", sql: "SQL", scala: "SCALA", r: "R" } as const;

function languageOf(file: string): z.infer<typeof language> {
  const found = languages[file.split(".").at(-1)?.toLowerCase() as keyof typeof languages];
  if (!found)
    throw new UserError(`the language of notebook file "${file}" is not clear from its name`, {
      hint: "Add language: PYTHON, SQL, SCALA or R.",
    });
  return found;
}

async function main(): Promise<void> {
  const { spec, location_dir } = z
    .object({ spec: z.unknown(), location_dir: z.string() })
    .parse(JSON.parse(await text(process.stdin)));
  const { DATABRICKS_HOST: host = "", DATABRICKS_TOKEN: token = "", DATABRICKS_WAREHOUSE_ID: warehouseId = "" } = process.env;
  const client = databricksClient({ host, token, warehouseId });
  try {
    process.stdout.write(`${JSON.stringify({ variables: await provision(client, spec, location_dir) })}\n`);
  } finally {
    await client.close();
  }
}

if (import.meta.main)
  main().catch((error: unknown) => {
    process.stderr.write(
      `${error instanceof UserError ? error.toString() : error instanceof Error ? error.message : String(error)}\n`,
    );
    process.exitCode = 1;
  });
