import { existsSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { type DbtCloudClient, dbtCloudClient } from "./client.ts";

/** `dbt_cloud:` of a location's standins.yaml. */
const section = z.strictObject({
  projects: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        /** Folder of the dbt project, relative to the location. */
        path: z.string().min(1),
        environment: z.string().min(1).default("Production"),
        /** Its ids become DBT_CLOUD_PROJECT_ID and DBT_CLOUD_ENVIRONMENT_ID. */
        variables: z.boolean().default(false),
      }),
    )
    .min(1),
});
const input = z.object({ spec: section, root: z.string(), location_dir: z.string() });

interface Named {
  id: number;
  name: string;
}
interface Project extends Named {
  repository_id?: number | null;
}

async function all<T>(client: DbtCloudClient, path: string): Promise<T[]> {
  const out: T[] = [];
  for (let offset = 0; ; offset += 100) {
    const page = await client.http.data<T[]>("GET", path, { query: { limit: 100, offset } });
    out.push(...page);
    if (page.length < 100) return out;
  }
}

/** Brings the stand-in to what the section says, through the vendor's API; a second time changes nothing. */
export async function provision(client: DbtCloudClient, given: unknown): Promise<Record<string, string>> {
  const parsed = input.safeParse(given);
  if (!parsed.success)
    throw new Error(
      `dbt_cloud: ${parsed.error.issues.map((issue) => `${issue.path.slice(1).join(".") || "section"}: ${issue.message}`).join("; ")}`,
    );
  const { spec, root, location_dir } = parsed.data;
  const variables: Record<string, string> = {};
  const v3 = `v3/accounts/${client.http.accountId}/projects/`;
  for (const wanted of spec.projects) {
    const folder = resolve(location_dir, wanted.path);
    const inside = relative(root, folder);
    if (inside.startsWith("..") || isAbsolute(inside))
      throw new Error(`dbt_cloud: the path "${wanted.path}" of project "${wanted.name}" lies outside the workspace`);
    if (!existsSync(join(folder, "dbt_project.yml")))
      throw new Error(`dbt_cloud: project "${wanted.name}": ${folder} has no dbt_project.yml`);
    const json = <T>(method: string, path: string, body: unknown) => client.http.data<T>(method, path, { json: body });
    const found = (await all<Project>(client, v3)).find((item) => item.name === wanted.name);
    const project = found ?? (await json<Project>("POST", v3, { name: wanted.name }));
    const remote_url = pathToFileURL(folder).href;
    const repositories = await client.http.data<{ id: number; remote_url: string }[]>("GET", `${v3}${project.id}/repositories/`);
    const repository =
      repositories.find((item) => item.remote_url === remote_url) ??
      (await json<{ id: number }>("POST", `${v3}${project.id}/repositories/`, { remote_url }));
    if (project.repository_id !== repository.id) await json("POST", `${v3}${project.id}/`, { repository_id: repository.id });
    const environments = await all<Named>(client, `${v3}${project.id}/environments/`);
    const environment =
      environments.find((item) => item.name === wanted.environment) ??
      (await json<Named>("POST", `${v3}${project.id}/environments/`, { name: wanted.environment, type: "deployment" }));
    if (wanted.variables || spec.projects.length === 1)
      Object.assign(variables, { DBT_CLOUD_PROJECT_ID: String(project.id), DBT_CLOUD_ENVIRONMENT_ID: String(environment.id) });
  }
  return variables;
}

if (import.meta.main) {
  let text = "";
  for await (const chunk of process.stdin) text += String(chunk);
  const { DBT_CLOUD_TOKEN, DBT_CLOUD_ACCOUNT_ID, DBT_CLOUD_ACCESS_URL } = process.env;
  try {
    const client = dbtCloudClient({
      token: DBT_CLOUD_TOKEN ?? "",
      accountId: DBT_CLOUD_ACCOUNT_ID ?? "",
      accessUrl: DBT_CLOUD_ACCESS_URL,
    });
    const variables = await provision(client, JSON.parse(text) as unknown).finally(() => client.close());
    process.stdout.write(`${JSON.stringify({ variables })}\n`);
  } catch (error) {
    process.stderr.write(`${String(error instanceof Error ? error.message : error)}\n`);
    process.exitCode = 1;
  }
}
