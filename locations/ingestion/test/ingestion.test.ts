import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestInstance, testInstance } from "@kc/host/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

describe("ingestion, alone", () => {
  let instance: TestInstance;
  beforeAll(async () => {
    instance = await testInstance({ only: ["ingestion"] });
  });
  afterAll(() => instance.stop());

  const file = (name: string) => join(instance.data, name);
  const materialization = async (key: string) => (await instance.api.asset(key)).materialization;

  test("its schedules declare themselves on", async () => {
    const schedules = await instance.api.schedules();
    expect(schedules.map(({ name, cron, running }) => [name, cron, running])).toEqual([
      ["csv_fact_virtual_schedule", "*/2 * * * *", true],
      ["load_shop_schedule", "*/10 * * * *", true],
    ]);
  });

  test("the job load_shop takes customers, orders and payments to Databricks, row by row", async () => {
    const { runs, events } = await instance.finish(await instance.api.submit({ job: "load_shop" }));
    expect(runs[0]?.status).toBe("succeeded");
    for (const name of ["customers", "orders", "payments"]) {
      const rows =
        readFileSync(file(`raw_${name}.csv`), "utf8")
          .trim()
          .split("\n").length - 1;
      expect((await materialization(name))?.metadata.rows?.value).toBe(rows);
    }
    expect(events.filter((event) => event.check).every((event) => event.check!.passed)).toBe(true);
  });

  test("the notebook job runs for the days that its config names", async () => {
    await instance.materialize("csv_fact_virtual or fact_virtual");
    const { runs } = await instance.materialize("run_databricks_ingestion_job", {
      config: { run_databricks_ingestion_job: { start_date: "2025-01-01", end_date: "2025-01-31" } },
    });
    expect(runs[0]?.status).toBe("succeeded");
    expect((await materialization("run_databricks_ingestion_job"))?.metadata).toMatchObject({
      start_date: { value: "2025-01-01" },
      end_date: { value: "2025-01-31" },
    });
  });

  test("a config that does not fit is refused before anything is stored, naming the path", async () => {
    const config = { run_databricks_ingestion_job: { start_date: "yesterday" } };
    await expect(instance.materialize("run_databricks_ingestion_job", { config })).rejects.toThrow(
      "start_date: write a date as 2026-01-31",
    );
  });

  test("a repeated id is caught by the blocking check, and Databricks keeps the good table", async () => {
    const before = await materialization("fact_virtual");
    const good = readFileSync(file("raw_fact_virtual.csv"), "utf8");
    writeFileSync(file("raw_fact_virtual.csv"), `${good}${good.split("\n")[1]}\n`);
    const { runs, events } = await instance.materialize("csv_fact_virtual or fact_virtual");
    expect(runs[0]?.status).toBe("failed");
    expect(events.find((event) => event.check?.name === "unique_key")?.check).toMatchObject({ passed: false, blocking: true });
    expect(events.find((event) => event.type === "step_skipped")?.asset).toBe("fact_virtual");
    expect(await materialization("fact_virtual")).toEqual(before);
    writeFileSync(file("raw_fact_virtual.csv"), good);
  });

  test("a ragged row fails with file and line, and the table stays as it was", async () => {
    const good = readFileSync(file("raw_fact_virtual.csv"), "utf8");
    writeFileSync(file("raw_fact_virtual.csv"), `${good}1,2\n`);
    const { events } = await instance.materialize("csv_fact_virtual");
    expect(JSON.stringify(events.find((event) => event.type === "step_failed")?.error)).toMatch(/raw_fact_virtual\.csv:5002/);
    writeFileSync(file("raw_fact_virtual.csv"), good);
  });

  test("a missing file fails by name", async () => {
    const good = readFileSync(file("raw_customers.csv"), "utf8");
    rmSync(file("raw_customers.csv"));
    const { events } = await instance.materialize("csv_customers");
    expect(JSON.stringify(events.find((event) => event.type === "step_failed")?.error)).toContain("raw_customers.csv");
    writeFileSync(file("raw_customers.csv"), good);
  });
});

describe("CSV_DATA_PATH", () => {
  test.each([
    ["relative", "./data"],
    ["empty", ""],
  ])("%s: the load fails and says what the variable must be", async (_, value) => {
    const instance = await testInstance({ only: ["ingestion"], env: { CSV_DATA_PATH: value } });
    try {
      const { runs, events } = await instance.materialize("csv_fact_virtual");
      expect(runs[0]?.status).toBe("failed");
      expect(JSON.stringify(events.find((event) => event.type === "step_failed")?.error ?? runs[0]?.reason)).toMatch(
        /CSV_DATA_PATH|absolute/,
      );
    } finally {
      await instance.stop();
    }
  });
});
