import { describe, expect, test } from "vitest";
import { instance, noBrowser, open, page, usePlatform } from "./platform.ts";

describe.skipIf(noBrowser)("the platform of this repository in a browser", () => {
  usePlatform();

  const node = (key: string) => page.getByTestId(`rf__node-${key}`);

  test("the lineage shows every asset of every location", async () => {
    await open("/");
    const assets = await instance.api.assets();
    await expect.poll(() => page.locator(".node").count()).toBe(assets.length);
    await page.getByText("live", { exact: true }).waitFor();
  });

  test("a click on an asset shows it, and Materialize takes it to its run, whose events come by themselves", async () => {
    await node("csv_customers").click();
    await page.getByRole("heading", { name: "csv_customers" }).waitFor();
    await page.getByRole("button", { name: "Materialize", exact: true }).click();
    await page.waitForURL(/\/runs\//);
    await page.getByRole("heading", { name: /succeeded in ingestion/ }).waitFor();
    await page.locator(".line-type", { hasText: "materialization" }).waitFor();
    // The run and its events come by ways of their own: the last event may be the later one.
    await expect.poll(() => page.locator(".timeline .b-succeeded").count()).toBe(1);
  });

  test("a number of two materializations is drawn as two points, with their values", async () => {
    for (const rows of [120, 4_000])
      await instance.api.report({
        type: "materialization",
        asset: "csv_customers",
        metadata: { points_of_test: { type: "row_count", value: rows } },
      });
    await open("/assets/csv_customers");
    const series = page.locator("figure.series", { hasText: "points_of_test" });
    await expect.poll(() => series.locator("circle").count()).toBe(2);
    expect(await series.locator("circle title").allTextContents()).toEqual([
      expect.stringMatching(/: 120$/),
      expect.stringMatching(/: 4,000$/),
    ]);
    await open("/");
  });

  test("the lineage is live: a run that is asked for elsewhere changes the node without a reload", async () => {
    await page.getByRole("link", { name: "Lineage" }).click();
    await node("csv_orders").getByText("missing").waitFor();
    await instance.materialize("csv_orders");
    await node("csv_orders").getByText("succeeded").waitFor();
  });

  test("a selection narrows the graph, and a wrong one says what is wrong", async () => {
    const search = page.getByRole("searchbox", { name: "Asset selection" });
    await search.fill("+customers");
    await expect.poll(() => page.locator(".node").count()).toBe(2);
    // What is left is drawn as large as it can be.
    await expect.poll(() => node("customers").evaluate((one) => one.getBoundingClientRect().width)).toBeGreaterThan(236);
    await search.fill("customers and orders");
    await page.getByText("There is no asset to show.").waitFor();
    await search.fill("custmers");
    await page.getByText('Did you mean "customers"?').waitFor();
    await search.fill("");
  });

  test("a run that failed shows the error where it belongs", async () => {
    await instance.materialize("downstream/fact_virtual_count");
    await page.getByRole("link", { name: "Runs" }).click();
    await page.locator("tr", { hasText: "downstream" }).getByRole("link").first().click();
    await page.getByRole("heading", { name: /failed in downstream/ }).waitFor();
    await page.getByText("has not been built yet").first().waitFor();
    await page.getByRole("button", { name: "Re-execute from failure" }).waitFor();
  });

  test("a partitioned asset shows a cell for each month; a stretch of them is made by a backfill, which shows how it ended", async () => {
    await open("/assets/downstream/virtual_items_of_month?tab=partitions");
    await expect.poll(() => page.locator(".partition-cells .cell").count()).toBe(12);
    await page.getByRole("tab", { name: "missing" }).click();
    await page.getByRole("button", { name: "Make 12" }).waitFor();
    await page.getByRole("button", { name: "2025-02-01 missing" }).click();
    await page.getByRole("button", { name: "2025-04-01 missing" }).click({ modifiers: ["Shift"] });
    await page.getByRole("button", { name: "Make 3" }).click();
    await page.waitForURL(/\/backfills\//);
    // The model it reads has not been built: every month fails, and can be asked for again.
    await page.getByRole("button", { name: "Retry what failed" }).waitFor();
    await page.getByText("2025-02-01...2025-04-01").waitFor();
    await page.getByRole("link", { name: "Backfills", exact: true }).first().click();
    await page.getByText("0 of 3, 3 failed").waitFor();
    await open("/assets/downstream/virtual_items_of_month?tab=partitions");
    await page.getByRole("button", { name: "2025-03-01 failed" }).waitFor();
  });

  test("schedules can be turned off and on", async () => {
    await page.getByRole("link", { name: "Automation" }).click();
    const toggle = page.getByRole("switch", { name: /csv_fact_virtual_schedule/ });
    await toggle.click();
    await expect.poll(() => toggle.getAttribute("aria-checked")).toBe("false");
    expect((await instance.api.schedules()).find((one) => one.name === "csv_fact_virtual_schedule")?.running).toBe(false);
    await toggle.click();
    await expect.poll(() => toggle.getAttribute("aria-checked")).toBe("true");
  });

  test("the deployment page names the stand-ins and shows no secret", async () => {
    await page.getByRole("link", { name: "Deployment" }).click();
    await page.getByText("local stand-in").first().waitFor();
    expect(await page.content()).not.toContain("dapi");
    const words = await page.locator("table").first().locator(".status").allTextContents();
    expect(new Set(words)).toEqual(new Set(["loaded"]));
  });
});
