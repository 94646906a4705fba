import { join } from "node:path";
import type { AssetsDefinition, ComponentContext, DefinitionParts, MultiAssetContext } from "@kc/runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dbtCloudClient } from "../src/client.ts";
import { cloudWorkspace } from "../src/index.ts";
import { connectDbtCloud, settingsSchema } from "../src/resource.ts";
import { poll } from "../src/sensor.ts";
import { translate } from "../src/translator.ts";
import { projectManifest } from "./project-manifest.ts";
import { provisioned, root, sql, standins } from "./standins.ts";

/** The connector against the local dbt Cloud and the local Databricks: the whole way of the dbt team's project. */
let servers: Awaited<ReturnType<typeof standins>>;
let variables: Record<string, string>;
const fact = "dbt_optimove/stg_kaizen_wars__fact_virtual";
const spec = { projects: [{ name: "dbt_optimove", path: "dbt_project", environment: "Production", variables: true }] };
const lines: string[] = [];
const log = {
  debug() {},
  info: (line: string) => void lines.push(line),
  warn: (line: string) => void lines.push(line),
  error() {},
};

beforeAll(async () => {
  servers = await standins();
  const made = await provisioned(servers.variables, spec);
  expect(made.err).toBe("");
  variables = { ...servers.variables, ...(JSON.parse(made.out) as { variables: Record<string, string> }).variables };
  await sql(variables, "create schema if not exists test.main");
  await sql(
    variables,
    "create or replace table test.main.fact_virtual as select * from values (1, 'sword', 2.5, '2026-01-01T10:00:00Z'), (1, 'sword', 2.5, '2026-01-01T11:00:00Z'), (2, 'shield', 4.0, '2026-01-02T10:00:00Z') as t(id, virtual_item, cost, `timestamp`)",
  );
  await sql(
    variables,
    "create or replace table test.main.customers as select * from values (1, 'Ada', 'L'), (2, 'Bo', 'M') as t(id, first_name, last_name)",
  );
  await sql(
    variables,
    "create or replace table test.main.orders as select * from values (1, 1, '2026-01-01', 'placed'), (2, 9, '2026-01-02', 'lost') as t(id, user_id, order_date, status)",
  );
  await sql(
    variables,
    "create or replace table test.main.payments as select * from values (1, 1, 'coupon', 1000), (2, 1, 'gift_card', 250) as t(id, order_id, payment_method, amount)",
  );
});
afterAll(() => servers?.[Symbol.asyncDispose]());

const context = (env: Record<string, string | undefined>): ComponentContext => ({
  folder: join(root, "locations/dbt/src/defs/dbt_cloud"),
  file: join(root, "locations/dbt/src/defs/dbt_cloud/defs.yaml"),
  location: {
    name: "dbt",
    projectRoot: join(root, "locations/dbt"),
    workspaceRoot: root,
    stateDir: join(servers.folder, "location"),
  },
  env,
  log,
  signal: new AbortController().signal,
  at: (...path) => `defs.yaml:${path.join(".")}`,
});

const attributes = {
  key_prefix: "package",
  project: "dbt_project",
  models: { stg_kaizen_wars__fact_virtual: { freshness: { warn: "10m", fail: "1h" } } },
};
const build = async (env: Record<string, string | undefined>, given: unknown = attributes): Promise<DefinitionParts> =>
  cloudWorkspace.build(cloudWorkspace.attributes.parse(given), context(env));

interface Recorded {
  materialized: Record<string, Record<string, unknown>>;
  checked: { asset: string; name: string; passed: boolean; severity?: string }[];
  error: unknown;
}

/** Runs the step of the component as a worker does, and keeps what it reports. */
async function step(
  definition: AssetsDefinition,
  selected: string[],
  abort = new AbortController(),
  onLine: (line: string) => void = () => {},
): Promise<Recorded> {
  const out: Recorded = { materialized: {}, checked: [], error: undefined };
  const dbt = connectDbtCloud(
    settingsSchema.parse({
      token: variables.DBT_CLOUD_TOKEN,
      accountId: variables.DBT_CLOUD_ACCOUNT_ID,
      projectId: variables.DBT_CLOUD_PROJECT_ID,
      environmentId: variables.DBT_CLOUD_ENVIRONMENT_ID,
      accessUrl: variables.DBT_CLOUD_ACCESS_URL,
      pollingInterval: 1,
    }),
  );
  const given = {
    resources: { dbt },
    selected,
    signal: abort.signal,
    log: {
      ...log,
      info: (line: string) => {
        lines.push(line);
        onLine(line);
      },
    },
    run: { id: "run-1", requestId: "r", tags: {} },
    materialized: (key: string, result: { metadata: Record<string, unknown> }) => {
      out.materialized[key] = result.metadata;
    },
    checked: (result: Recorded["checked"][number]) => out.checked.push(result),
  } as unknown as MultiAssetContext;
  await definition.run!(given).catch((error: unknown) => {
    out.error = error;
  });
  await dbt.client.close();
  return out;
}

describe("dbt Cloud, Databricks and the dbt team's project together", () => {
  test("provisioning twice changes nothing", async () => {
    const again = await provisioned(variables, spec);
    expect(JSON.parse(again.out)).toEqual({
      variables: {
        DBT_CLOUD_PROJECT_ID: variables.DBT_CLOUD_PROJECT_ID,
        DBT_CLOUD_ENVIRONMENT_ID: variables.DBT_CLOUD_ENVIRONMENT_ID,
      },
    });
    expect((await provisioned(variables, { projects: [{ name: "x", path: "../../../elsewhere" }] })).err).toContain(
      "lies outside the workspace",
    );
  });

  test("definitions come from a parse run once, then from the cache without asking dbt Cloud", async () => {
    const { assets, sensors } = await build(variables);
    const specs = assets![0]!.specs;
    expect(specs.find((item) => item.key === fact)).toMatchObject({
      deps: [{ key: "fact_virtual" }],
      freshness: { maxAge: { warn: "10m", fail: "1h" } },
    });
    expect(sensors!.map((item) => [item.name, item.defaultStatus])).toEqual([["dbt_cloud_polling_sensor", "running"]]);
    const offline = await build({ ...variables, DBT_CLOUD_ACCESS_URL: "http://127.0.0.1:1" });
    expect(offline.assets![0]!.specs.map((item) => item.key)).toEqual(specs.map((item) => item.key));
    expect((await build({})).assets![0]!.specs).toHaveLength(specs.length);
  });

  test("a run of one model builds that table and reports it with the id of the dbt Cloud run and all its checks", async () => {
    const { assets } = await build(variables);
    const found = await step(assets![0]!, [fact]);
    expect(found.error).toBeUndefined();
    expect(Object.keys(found.materialized)).toEqual([fact]);
    expect(found.materialized[fact]).toMatchObject({
      run_id: expect.stringMatching(/^\d+$/),
      relation: "test.main.stg_kaizen_wars__fact_virtual",
    });
    expect(found.checked).toHaveLength(5);
    expect(found.checked.every((check) => check.asset === fact && check.passed)).toBe(true);
    expect(await sql(variables, "select count(*) from test.main.stg_kaizen_wars__fact_virtual")).toEqual([["2"]]);
    expect(lines.some((line) => /OK created sql table model main\.stg_kaizen_wars__fact_virtual/.test(line))).toBe(true);
  });

  test("a failing test is a failed check; what stands below is skipped, the rest is reported, and the step fails", async () => {
    const { assets } = await build(variables);
    const all = assets![0]!.specs.map((item) => item.key);
    const found = await step(assets![0]!, all);
    expect(String(found.error)).toContain("relationships_stg_shop__orders_customer_id__customer_id__ref_stg_shop__customers_");
    expect(Object.keys(found.materialized).sort()).toEqual(
      [
        "order_payments",
        "stg_kaizen_wars__fact_virtual",
        "stg_shop__customers",
        "stg_shop__orders",
        "stg_shop__payments",
        "virtual_item_daily",
      ]
        .map((name) => `dbt_optimove/${name}`)
        .sort(),
    );
    const failed = found.checked.filter((check) => !check.passed);
    expect(failed.map((check) => [check.name.slice(0, 32), check.severity]).sort()).toEqual([
      ["accepted_values_stg_shop__orders", "WARN"],
      ["relationships_stg_shop__orders_c", "ERROR"],
    ]);
  });

  test("a run that a person starts is reported by the sensor, kc's own runs are not", async () => {
    const manifest = await projectManifest();
    const translation = translate(manifest, { keyPrefix: "package" });
    const client = dbtCloudClient({
      token: variables.DBT_CLOUD_TOKEN!,
      accountId: "1",
      accessUrl: variables.DBT_CLOUD_ACCESS_URL,
    });
    const [projectId, environmentId] = [variables.DBT_CLOUD_PROJECT_ID!, variables.DBT_CLOUD_ENVIRONMENT_ID!];
    const look = (cursor?: string) =>
      poll({ client, projectId, environmentId, translation, manifest, now: new Date(), log }, cursor);
    // The runs of the tests above were kc's own.
    const before = await look();
    expect(before.events).toEqual([]);
    const job = await client.ensureJob({ name: "nightly", projectId, environmentId, description: "" });
    const response = await fetch(`${variables.DBT_CLOUD_ACCESS_URL}/api/v2/accounts/1/jobs/${job.id}/run`, {
      method: "POST",
      headers: { authorization: `Token ${variables.DBT_CLOUD_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ cause: "a person", steps_override: ["dbt build --select virtual_item_daily"] }),
    });
    const run = ((await response.json()) as { data: { id: number } }).data;
    await client.waitForRun(run.id, { timeoutMs: 60_000, pollMs: 100 });
    const after = await look(before.cursor);
    expect(after.events.map((event) => [event.type, event.asset])).toEqual([
      ["materialization", "dbt_optimove/virtual_item_daily"],
      ["check", "dbt_optimove/virtual_item_daily"],
    ]);
    expect((await look(after.cursor)).events).toEqual([]);
    await client.close();
  });

  test("a bad day: the trigger's answer is lost, the API is busy and fails; still exactly one run, and the model is built", async () => {
    const { assets } = await build(variables);
    const fault = (rule: Record<string, unknown>) =>
      fetch(`${variables.DBT_CLOUD_ACCESS_URL}/__standin/faults`, {
        method: "POST",
        headers: { authorization: `Token ${variables.DBT_CLOUD_TOKEN}`, "content-type": "application/json" },
        body: JSON.stringify(rule),
      });
    const client = dbtCloudClient({
      token: variables.DBT_CLOUD_TOKEN!,
      accountId: "1",
      accessUrl: variables.DBT_CLOUD_ACCESS_URL,
    });
    const latest = async () => (await client.runs({ orderBy: "-id", limit: 1 }))[0]!.id;
    const before = await latest();
    await fault({ method: "POST", path: "/run/$", after_effect: true, times: 1 });
    await fault({ method: "GET", path: "/runs/\\d+/$", status: 429, headers: { "retry-after": "0" }, times: 1 });
    await fault({ method: "GET", path: "/runs/\\d+/$", status: 500, times: 1 });
    await fault({ method: "GET", path: "/artifacts/", status: 503, times: 1 });
    const found = await step(assets![0]!, [fact]);
    expect(found.error).toBeUndefined();
    expect(Object.keys(found.materialized)).toEqual([fact]);
    expect(await latest()).toBe(before + 1);
    await client.close();
  });

  test("a model whose SQL fails is told with its file, and nothing is reported as made", async () => {
    const { assets } = await build(variables, { ...attributes, select: "stg_shop__customers" });
    const { key } = assets![0]!.specs[0]!;
    await sql(variables, "drop table test.main.customers");
    const found = await step(assets![0]!, [key]);
    expect(String(found.error)).toMatch(
      /Database Error in model stg_shop__customers \(models\/staging\/shop\/stg_shop__customers\.sql\)/,
    );
    expect(found.materialized).toEqual({});
  });

  test("a refused token is an error that names the variable", async () => {
    const wrong = { ...variables, DBT_CLOUD_TOKEN: "wrong" };
    const elsewhere = { ...context(wrong), location: { ...context(wrong).location, stateDir: join(servers.folder, "other") } };
    const error: unknown = await Promise.resolve()
      .then(() => cloudWorkspace.build(cloudWorkspace.attributes.parse(attributes), elsewhere))
      .catch((thrown: unknown) => thrown);
    expect(String(error)).toContain("401");
    expect(String(error)).toContain("check DBT_CLOUD_TOKEN");
  });

  test("an abort cancels the run in dbt Cloud", async () => {
    const { assets } = await build(variables);
    const abort = new AbortController();
    const found = await step(
      assets![0]!,
      [fact],
      abort,
      (line) => line.startsWith("dbt Cloud run ") && abort.abort(new Error("stopped")),
    );
    expect(String(found.error)).toContain("stopped");
    const client = dbtCloudClient({
      token: variables.DBT_CLOUD_TOKEN!,
      accountId: "1",
      accessUrl: variables.DBT_CLOUD_ACCESS_URL,
    });
    for (;;) {
      const [latest] = await client.runs({ orderBy: "-id", limit: 1 });
      if (latest!.status >= 10) {
        expect(latest!.status).toBe(30);
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await client.close();
  });
});

test("without variables and without a cache the missing variables are named all at once", async () => {
  const other = { ...context({}), location: { ...context({}).location, stateDir: join(servers.folder, "empty") } };
  await expect(async () => cloudWorkspace.build(cloudWorkspace.attributes.parse(attributes), other)).rejects.toThrow(
    "DBT_CLOUD_TOKEN, DBT_CLOUD_ACCOUNT_ID, DBT_CLOUD_PROJECT_ID, DBT_CLOUD_ENVIRONMENT_ID not set",
  );
});
