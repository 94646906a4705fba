import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { until } from "./workspace.ts";

const chain = ["csv_fact_virtual", "fact_virtual", "dbt_optimove/stg_kaizen_wars__fact_virtual", "downstream/fact_virtual_count"];

describe("the three teams together: CSV -> PostgreSQL -> lakehouse -> dbt -> JSON", () => {
  let instance: TestInstance;
  beforeAll(async () => {
    instance = await testInstance({ daemon: true });
    // Schedules follow the wall clock; this test asks by itself.
    for (const one of await instance.api.schedules()) await instance.api.turn("schedules", one.location, one.name, false);
  });
  afterAll(() => instance.stop());

  const versions = async () =>
    Object.fromEntries(
      (await instance.api.assets())
        .filter((asset) => chain.includes(asset.key))
        .map((asset) => [asset.key, asset.materialization?.eventId]),
    );
  const count = () =>
    JSON.parse(readFileSync(join(instance.output, "fact_virtual_count.json"), "utf8")) as {
      record_count: number;
      dbt_run_id: string;
    };
  const rowsOfTheFile = () => readFileSync(join(instance.data, "raw_fact_virtual.csv"), "utf8").trim().split("\n").length - 1;

  /** Resolves with the first materialization of an asset after `after`. */
  async function materialized(asset: string, after: number): Promise<number> {
    const abort = new AbortController();
    for await (const event of instance.api.events({ after }, abort.signal))
      if (event.type === "materialization" && event.asset === asset) {
        abort.abort();
        return event.id;
      }
    throw new Error("the event stream ended");
  }

  /** Waits until every run, also those that automation adds, has ended. */
  async function idle(): Promise<void> {
    for (;;) {
      const [open] = await instance.api.runs({ status: "queued,starting,running,cancelling", limit: 1 });
      if (!open) return;
      await instance.finish({
        requestId: open.requestId,
        created: false,
        runs: await instance.api.runs({ requestId: open.requestId }),
      });
    }
  }

  test("every location loads and the lineage fits", async () => {
    const { locations, problems } = await instance.api.workspace();
    expect(locations.map((one) => [one.name, one.status])).toEqual([
      ["ingestion", "loaded"],
      ["dbt", "loaded"],
      ["downstream", "loaded"],
    ]);
    expect(problems).toEqual([]);
  });

  test("the committed asset keys are what the locations define", async () => {
    const assets = await instance.api.assets();
    for (const location of ["ingestion", "dbt", "downstream"]) {
      const committed = JSON.parse(
        readFileSync(join(import.meta.dirname, "..", "..", "..", "locations", location, "asset-keys.json"), "utf8"),
      );
      expect(committed).toEqual({
        location,
        assets: assets
          .filter((asset) => asset.location === location)
          .map((asset) => asset.key)
          .sort(),
      });
    }
  });

  test("every connection is a stand-in that answers, and says which locations use it", async () => {
    const connections = await instance.api.connections({ probe: true });
    expect(connections.map(({ name, mode, answers, usedBy }) => [name, mode, answers, usedBy])).toEqual([
      ["local_postgres", "standin", true, ["ingestion"]],
      ["databricks", "standin", true, ["ingestion", "dbt", "downstream"]],
      ["dbt_cloud", "standin", true, ["dbt"]],
    ]);
  });

  test("one request runs the chain over all three, one run per location, and ends with the true count", async () => {
    const { runs, events } = await instance.materialize("+downstream/fact_virtual_count");
    expect(runs.map((run) => [run.location, run.status]).reverse()).toEqual([
      ["ingestion", "succeeded"],
      ["dbt", "succeeded"],
      ["downstream", "succeeded"],
    ]);
    expect(events.filter((event) => event.type === "materialization").map((event) => event.asset)).toEqual(chain);
    expect(events.filter((event) => event.check && !event.check.passed)).toEqual([]);
    expect(count().record_count).toBe(rowsOfTheFile());
    const dbt = await instance.api.asset("dbt_optimove/stg_kaizen_wars__fact_virtual");
    expect(count().dbt_run_id).toBe(String(dbt.materialization?.metadata.run_id?.value));
  });

  test("when the CSV has not changed, no table gets a new version and nothing downstream runs", async () => {
    await idle();
    const before = await versions();
    const { runs, events } = await instance.materialize("csv_fact_virtual or fact_virtual");
    expect(runs[0]?.status).toBe("succeeded");
    expect(events.filter((event) => event.type === "unchanged").map((event) => event.asset)).toEqual([
      "csv_fact_virtual",
      "fact_virtual",
    ]);
    expect(await versions()).toEqual(before);
    await idle();
    const later = await instance.api.runs({ limit: 100 });
    expect(later.filter((run) => run.tags["kc/automation"] && run.createdAt > runs[0]!.createdAt)).toEqual([]);
  });

  test("when the CSV changes, loading it is enough: dbt and downstream follow by themselves", async () => {
    appendFileSync(join(instance.data, "raw_fact_virtual.csv"), "900001,Test Sword,1.50,2026-01-01T00:00:00Z\n");
    const [last] = await instance.api.runs({ limit: 1 });
    const events = await instance.api.runEvents(last!.id, { limit: 10_000 });
    const after = events.at(-1)!.id;
    const followed = materialized("downstream/fact_virtual_count", after);
    await instance.materialize("csv_fact_virtual or fact_virtual");
    await followed;
    expect(count().record_count).toBe(rowsOfTheFile());
    const automated = (await instance.api.runs({ limit: 20 })).filter((run) => run.tags["kc/automation"]);
    expect(automated.map((run) => run.location)).toContain("dbt");
    expect(automated.map((run) => run.location)).toContain("downstream");
  });

  test("the shop's first load is followed by one run of dbt, whose checks all pass", async () => {
    await instance.finish(await instance.api.submit({ job: "load_shop" }));
    const shop = async () =>
      (await instance.api.runs({ limit: 100, location: "dbt" })).filter((run) =>
        run.assets.includes("dbt_optimove/customer_orders"),
      );
    // Automation asks for it a moment after the load has ended.
    await until(async () => (await shop()).length > 0);
    await idle();
    const runs = await shop();
    expect(runs.map((run) => run.status)).toEqual(["succeeded"]);
    expect(
      (await instance.api.assets("location:dbt")).filter((asset) => asset.health !== "healthy").map((asset) => asset.key),
    ).toEqual([]);
  });

  test("no secret stands in events, API or logs", async () => {
    const variables = JSON.parse(readFileSync(join(instance.home, "variables.json"), "utf8")) as Record<string, string>;
    const secrets = ["LOCAL_POSTGRES_PASSWORD", "DATABRICKS_TOKEN", "DBT_CLOUD_TOKEN"].map((name) => variables[name]!);
    const texts = [JSON.stringify(await instance.api.assets()), JSON.stringify(await instance.api.connections())];
    for (const run of await instance.api.runs({ limit: 100 }))
      texts.push(JSON.stringify(await instance.api.runEvents(run.id, { limit: 10_000 })));
    for (const name of ["host.log", "databricks.log", "dbt_cloud.log", "local_postgres.log"]) {
      const file = join(instance.home, "logs", name);
      if (existsSync(file)) texts.push(readFileSync(file, "utf8"));
    }
    for (const secret of secrets) expect(texts.some((text) => text.includes(secret))).toBe(false);
  });
});
