import { describe, expect, test } from "vitest";
import { instance, link, noBrowser, open, page, usePlatform } from "./platform.ts";
import { hostile, longKey, other, pages, settings, team } from "./workspace.ts";

/** What code calls things by. */
const internal =
  /\b(?:freshness_change|multi_asset|run_status|perPartition|inProgress|newlyUpdated|willBeRequested|any_deps_updated|asset_failed|run_failed)\b/;

/** Names that may be cut, and what is seen of them. */
const cutNames = () =>
  page.locator("main .key-name:has(.key-start)").evaluateAll((all) =>
    all.map((name) => {
      const start = name.querySelector<HTMLElement>(".key-start")!;
      const tail = name.querySelector(".key-tail")!;
      const text = document.createRange();
      text.selectNodeContents(tail);
      // In the lineage everything is drawn smaller: the layout's own widths count.
      const letters = start.offsetWidth / Number.parseFloat(getComputedStyle(start).fontSize);
      return {
        name: name.textContent,
        apart: start.getBoundingClientRect().right <= tail.getBoundingClientRect().left + 0.5,
        begins: start.scrollWidth <= start.clientWidth || letters >= 2,
        ends: text.getBoundingClientRect().left >= tail.getBoundingClientRect().left - 1,
      };
    }),
  );

describe.skipIf(noBrowser)("overview, catalog, checks and assets in a browser", () => {
  usePlatform({ locations: { team, other }, settings });
  const table = (name: string) => page.getByRole("table", { name });
  const row = (of: string, text: string) => table(of).locator("tbody tr", { hasText: text });
  /** A card of the overview, by its title. */
  const card = (title: string) => page.locator(".card", { has: page.getByRole("heading", { name: title }) });

  test("the overview says that nothing is wrong, shows what schedules will do, and then, by itself, what went wrong", async () => {
    await open("/overview");
    await page.getByText("Nothing is wrong.").waitFor();
    await page.getByRole("tab", { name: "to come" }).click();
    await page.getByRole("link", { name: "tick of nightly_schedule" }).first().waitFor();
    await instance.materialize("fails");
    await card("Failed runs").getByText("fails", { exact: true }).waitFor();
    await card("Failed runs").getByText(`${hostile} is no number`).waitFor();
    await card("Assets that were not made").getByText("fails", { exact: true }).waitFor();
    await instance.materialize("orders", { config: { orders: { limit: 2 } } });
    await card("Failing checks").getByText("orders:enough").waitFor();
    await card("Failing checks").getByText("2 rows").waitFor();
    // What is made good is not wrong any more.
    await instance.materialize("orders", { config: { orders: { limit: 8 } } });
    await card("Failing checks").waitFor({ state: "detached" });
    await expect.poll(() => page.locator(".gantt .b-succeeded").count()).toBe(1);
    // The failed one lies on top of it in the same pixels.
    await page.getByRole("link", { name: /run .* succeeded/ }).press("Enter");
    await page.getByRole("heading", { name: /succeeded in team/ }).waitFor();
    await link("Overview").click();
  });

  test("a failure stands on the overview until that very partition is made; a backfill's is told as one", async () => {
    await instance.materialize("regions", { partition: "south" });
    await card("Failed runs").getByText("south").waitFor();
    await instance.api.startBackfill({ selection: "regions", partitions: ["north"] });
    await card("Failed backfills").getByText("1 partition not made").waitFor();
    await instance.api.report({ type: "materialization", asset: "regions", partition: "north" });
    await card("Failed backfills").waitFor({ state: "detached" });
    expect(await card("Failed runs").getByText("south").count()).toBe(1);
    expect(await card("Failed runs").getByRole("listitem").count()).toBe(2);
    await instance.api.report({ type: "materialization", asset: "regions", partition: "south" });
    await card("Failed runs").getByText("south").waitFor({ state: "detached" });
  });

  test("the catalog lists every asset, narrows by a selection, and says what is wrong with one", async () => {
    await link("Assets").click();
    await expect.poll(() => table("Assets").locator("tbody tr").count()).toBe((await instance.api.assets()).length);
    const search = page.getByRole("searchbox", { name: "Asset selection" });
    await search.fill("group:sales and not location:other");
    await expect.poll(() => table("Assets").locator("tbody tr").count()).toBe(2);
    expect(page.url()).toContain("q=group");
    await search.fill("ordrs");
    await page.getByRole("alert").getByText('Did you mean "orders"?').waitFor();
    await search.fill("");
    await page.getByRole("tab", { name: /degraded/ }).click();
    await expect.poll(() => table("Assets").locator("tbody tr").count()).toBe(1);
    await row("Assets", "fails").getByText("degraded").waitFor();
    // Both stand in the address, so that a list can be sent to somebody.
    await search.fill("group:broken");
    await expect.poll(() => page.url()).toMatch(/q=group%3Abroken&state=degraded|state=degraded&q=group%3Abroken/);
    await page.reload();
    await row("Assets", "fails").waitFor();
    await search.fill("");
    await page.getByRole("tab", { name: /all/ }).click();
  });

  test("rows are ordered by a head that is clicked", async () => {
    await table("Assets").getByRole("button", { name: "Asset" }).click();
    await table("Assets").getByRole("button", { name: "Asset ↑" }).click();
    const keys = (await instance.api.assets()).map((asset) => asset.key).sort();
    await expect.poll(() => table("Assets").locator("tbody .key-name").first().getAttribute("title")).toBe(keys.at(-1));
    await table("Assets").getByRole("button", { name: "Asset ↓" }).click();
  });

  test("assets that are chosen are materialized together", async () => {
    await table("Assets").getByRole("checkbox", { name: "Choose report" }).click();
    await table("Assets").getByRole("checkbox", { name: "Choose other/copy" }).click();
    await page.getByRole("button", { name: "Materialize 2" }).click();
    await page.waitForURL(/\/runs\/\w+/);
    await expect.poll(async () => (await instance.api.asset("report")).status).toBe("succeeded");
    await expect.poll(async () => (await instance.api.asset("other/copy")).status).toBe("succeeded");
  });

  test("among assets with partitions it is a backfill", async () => {
    await open("/assets?q=months");
    await table("Assets").getByRole("checkbox", { name: "Choose months" }).click();
    await page.getByRole("tab", { name: "missing" }).click();
    await page.getByRole("button", { name: "Make 6" }).click();
    await page.waitForURL(/\/backfills\//);
    await page.getByText("6 of 6").first().waitFor();
  });

  test("checks are listed with their latest results; those that are chosen run by themselves", async () => {
    await link("Checks").click();
    await row("Checks", "enough").getByText("passed").waitFor();
    await row("Checks", "odd").getByText("warning").waitFor();
    await page.getByRole("tab", { name: /passing/ }).click();
    await expect.poll(() => table("Checks").locator("tbody tr").count()).toBe(1);
    await page.getByRole("tab", { name: /all/ }).click();
    const made = (await instance.api.asset("orders")).materialization!.eventId;
    await table("Checks").getByRole("checkbox", { name: "Choose orders:enough" }).click();
    await page.getByRole("button", { name: "Run 1" }).click();
    await page.getByRole("heading", { name: /succeeded in team/ }).waitFor();
    await page.getByText("✓ enough").waitFor();
    expect((await instance.api.asset("orders")).materialization!.eventId).toBe(made);
  });

  test("an asset's check shows its earlier results", async () => {
    await open("/assets/orders?tab=checks");
    await page.getByText("3 results, 1 of them not passed").click();
    const results = page.locator(".check-history tbody tr");
    await expect.poll(() => results.count()).toBe(3);
    await results.last().getByText("2 rows").waitFor();
    await results.last().getByText("failed").waitFor();
  });

  test("an asset's tabs: events, lineage around it, automation, runs", async () => {
    await open("/assets/report");
    await page.getByRole("tab", { name: "events" }).click();
    await page.locator("tr", { hasText: "materialization" }).first().waitFor();
    await page.getByRole("tab", { name: "lineage" }).click();
    await expect.poll(() => page.locator(".node").count()).toBe(3);
    await page.getByRole("tab", { name: "automation" }).click();
    await page.getByRole("heading", { name: "Automation" }).waitFor();
    await page.getByRole("tab", { name: "runs" }).click();
    await page.locator("table.runs tbody tr").first().waitFor();
  });

  test("an asset says what makes it and when, what is off, and who owns it", async () => {
    await open("/assets/orders");
    const made = page.locator("dd", { hasText: "schedule nightly_schedule" });
    await made.getByText(/0 6 \* \* \*, job nightly, next in/).waitFor();
    await made.locator("div", { hasText: "yearly" }).getByText("off", { exact: true }).waitFor();
    await page.getByRole("link", { name: "typed" }).waitFor();
    await page.getByRole("link", { name: "team:sales" }).click();
    await expect.poll(() => table("Assets").locator("tbody tr").count()).toBe(1);
    await open("/assets/report");
    await page.getByRole("link", { name: "its automation condition" }).click();
    await page.getByRole("heading", { name: "Automation" }).waitFor();
    // A job of another location does not launch it, though its selection names it.
    await open("/assets/other/copy");
    await page.getByText("nothing by itself").waitFor();
  });

  test("a partition shows how it was made, or why it failed; of a stretch each is chosen by itself", async () => {
    await instance.materialize("regions", { partition: "south" });
    await open("/assets/regions?tab=partitions");
    await page.getByRole("button", { name: "south failed" }).click();
    await page.getByRole("article", { name: "Partition south" }).getByText("no such region").waitFor();
    await open("/assets/months?tab=partitions");
    await page.getByRole("button", { name: "2026-02-01 made" }).click();
    const one = page.getByRole("article", { name: "Partition 2026-02-01" });
    await one.getByText("month").waitFor();
    await page.getByRole("button", { name: "2026-04-01 made" }).click({ modifiers: ["Shift"] });
    await expect.poll(() => table("Chosen partitions").locator("tbody tr").count()).toBe(3);
    await table("Chosen partitions").getByRole("button", { name: "2026-03-01" }).click();
    await page.getByRole("article", { name: "Partition 2026-03-01" }).getByRole("link").click();
    await page.getByRole("heading", { name: /succeeded in team/ }).waitFor();
    await page.getByRole("link", { name: /^backfill / }).click();
    await page.waitForURL(/\/backfills\//);
  });

  test("what a long key is cut of is never its end", async () => {
    await open("/");
    const name = page.getByTestId(`rf__node-${longKey}`).locator(".key-name");
    await name.waitFor();
    expect(await name.getAttribute("title")).toBe(longKey);
    const shown = (part: string) =>
      name.locator(part).evaluate((element) => {
        const box = element.getBoundingClientRect();
        const around = element.closest(".node")!.getBoundingClientRect();
        return box.width > 0 && box.left >= around.left && box.right <= around.right;
      });
    expect(await name.locator(".key-tail").textContent()).toBe(longKey.slice(-18));
    expect(await shown(".key-tail")).toBe(true);
  });

  test.each([1280, 1440, 1920])(
    "at %i px nothing is wider than its page, and of names that are cut the first letters and the end are seen",
    async (width) => {
      await page.setViewportSize({ width, height: 900 });
      for (const path of pages) {
        await open(path);
        await page.getByText("live", { exact: true }).waitFor();
        await page
          .locator(path === "/assets" || path === "/checks" ? ".vtable td" : "main h1, .node")
          .first()
          .waitFor();
        const wider = await page
          .locator("main, .vbox")
          .evaluateAll((boxes) => boxes.map((box) => box.scrollWidth - box.clientWidth));
        expect(
          wider.every((by) => by <= 0),
          path,
        ).toBe(true);
        for (const { name, ...seen } of await cutNames())
          expect(seen, `${name} on ${path}`).toEqual({ apart: true, begins: true, ends: true });
      }
    },
  );

  test("on every page markup in names and texts is text, and no word of the code is shown", async () => {
    for (const path of pages) {
      await open(path);
      await page.getByText("live", { exact: true }).waitFor();
      expect(await page.locator("main img").count(), path).toBe(0);
      // The settings are those of a file.
      if (path !== "/deployment") expect(await page.locator("main").textContent(), path).not.toMatch(internal);
    }
    await open("/assets/orders");
    await page.getByText(hostile).first().waitFor();
    expect(await page.title()).toBe("orders · Assets · kc");
  });
});
