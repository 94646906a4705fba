import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { databricksClient } from "../src/client.ts";
import { provision } from "../src/provision.ts";
import { fakeWorkspace, type Reply, type Seen } from "./fake-workspace.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kc-provision-"));
  await writeFile(join(folder, "ingest.sql"), "select 1");
});
afterAll(() => rm(folder, { recursive: true }));

const section = {
  catalogs: [{ name: "test", schemas: [{ name: "main", volumes: ["landing"] }] }],
  notebooks: [{ path: "/Shared/ingest", file: "ingest.sql" }],
  jobs: [{ name: "ingest", variable: "DATABRICKS_NOTEBOOK_JOB_ID", settings: { tasks: [] } }],
};

async function apply(given: unknown, reply: (seen: Seen) => Reply) {
  const server = await fakeWorkspace(reply);
  const client = databricksClient({ host: server.host, token: "t", warehouseId: "w" });
  try {
    return { variables: await provision(client, given, folder), seen: server.seen };
  } finally {
    await client.close();
    server.close();
  }
}

test("what is missing is made, and the job's id comes back as its variable", async () => {
  const { variables, seen } = await apply(section, (request) => {
    if (request.path.endsWith("/jobs/list")) return { json: {} };
    if (request.path.endsWith("/jobs/create")) return { json: { job_id: 42 } };
    return request.method === "GET" ? { status: 404, json: { error_code: "RESOURCE_DOES_NOT_EXIST", message: "no" } } : {};
  });
  expect(variables).toEqual({ DATABRICKS_NOTEBOOK_JOB_ID: "42" });
  expect(seen.filter((entry) => entry.method === "POST").map((entry) => entry.path.split("/").slice(3).join("/"))).toEqual([
    "unity-catalog/catalogs",
    "unity-catalog/schemas",
    "unity-catalog/volumes",
    "workspace/mkdirs",
    "workspace/import",
    "jobs/create",
  ]);
  const notebook = JSON.parse(seen.find((entry) => entry.path.endsWith("/workspace/import"))!.body) as Record<string, string>;
  expect(notebook).toMatchObject({ path: "/Shared/ingest", language: "SQL", format: "SOURCE", overwrite: true });
  expect(Buffer.from(notebook["content"]!, "base64").toString()).toBe("select 1");
});

test("what is there already is kept, and the job gets the declared settings", async () => {
  const { variables, seen } = await apply(section, (request) => ({
    json: request.path.endsWith("/jobs/list") ? { jobs: [{ job_id: 7, settings: { name: "ingest" } }] } : {},
  }));
  expect(variables).toEqual({ DATABRICKS_NOTEBOOK_JOB_ID: "7" });
  expect(seen.some((entry) => entry.path.endsWith("/create") || entry.path.endsWith("/catalogs"))).toBe(false);
  expect(JSON.parse(seen.at(-1)!.body)).toEqual({ job_id: 7, new_settings: { name: "ingest", tasks: [] } });
});

test.each([
  [{ catalog: [] }, /Unrecognized key.*catalog/],
  [{ notebooks: [{ path: "/x", file: "../../etc/passwd.py" }] }, /outside the location/],
  [{ notebooks: [{ path: "/x", file: "none.sql" }] }, /"none.sql" cannot be read \(ENOENT\)/],
])("%j is refused", async (given, message) => {
  await expect(apply(given, () => ({}))).rejects.toThrow(message);
});
