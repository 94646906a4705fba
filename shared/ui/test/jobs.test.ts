import { describe, expect, test } from "vitest";
import { instance, link, noBrowser, open, page, sink, usePlatform } from "./platform.ts";
import { other, settings, team } from "./workspace.ts";

describe.skipIf(noBrowser)("jobs, runs and the deployment in a browser", () => {
  usePlatform({ locations: { team, other }, settings });
  const launch = () => page.getByRole("button", { name: "Launch" });
  const idOf = () => /\/runs\/(\w+)/.exec(page.url())![1]!;

  test("jobs are listed with what launches them", async () => {
    await open("/jobs");
    const nightly = page.locator("tr", { hasText: "nightly_schedule" });
    await nightly.getByText("0 6 * * *").waitFor();
    await page.getByRole("link", { name: "typed" }).click();
    await page.getByRole("heading", { name: "Launchpad" }).waitFor();
  });

  test("a launch that would be refused says so by the path, while it is written, and stores nothing", async () => {
    await page.getByRole("alert").getByText('config of job "typed": limit').waitFor();
    expect(await launch().isDisabled()).toBe(true);
    await page.getByLabel("limit").fill("0");
    await page.getByRole("alert").getByText("limit: must be at least").waitFor();
    await page.getByRole("tab", { name: "JSON" }).click();
    const editor = page.getByRole("textbox", { name: "Config as JSON" });
    await editor.fill('{ "limit": 3, "mod": "full" }');
    await page.getByRole("alert").getByText('"mod"').waitFor();
    await editor.fill('{ "limit": ');
    await page.getByRole("alert").getByText("The config is no JSON").waitFor();
    expect(await instance.api.runs()).toEqual([]);
  });

  test("the schema is shown and makes a config to begin from", async () => {
    await page.getByRole("button", { name: "Schema" }).click();
    await page.locator(".schema", { hasText: '"rows at most"' }).waitFor();
    await page.getByRole("button", { name: "Scaffold config" }).click();
    expect(JSON.parse(await page.getByRole("textbox", { name: "Config as JSON" }).inputValue())).toEqual({
      limit: 1,
      mode: "full",
    });
  });

  test("a launch gives its config, tags and priority to its run, which the job lists", async () => {
    await page.getByRole("tab", { name: "form" }).click();
    await page.getByLabel("limit").fill("9");
    await page.getByLabel("priority").fill("5");
    await page.getByRole("button", { name: "+ tag" }).click();
    await page.getByRole("textbox", { name: "Name of a tag" }).fill("ticket");
    await page.getByRole("textbox", { name: "Value of a tag" }).fill("42");
    await page.getByText("It makes one run:").waitFor();
    await launch().click();
    await page.getByRole("heading", { name: /succeeded in team/ }).waitFor();
    const run = await instance.api.run(idOf());
    expect(run.config).toEqual({ orders: { limit: 9 } });
    expect(run.tags).toMatchObject({ ticket: "42", "kc/priority": "5", "kc/job": "typed" });
    await page.getByRole("link", { name: "job typed" }).click();
    await page.locator("table.runs").getByText(run.id).waitFor();
  });

  test("a job of assets with partitions asks which one", async () => {
    await open("/jobs/team/monthly");
    const partition = page.getByRole("combobox", { name: "Partition" });
    await expect.poll(() => partition.inputValue()).toBe("2026-06-01");
    await partition.fill("2026-02-30");
    await page.getByRole("alert").getByText("2026-02-30").waitFor();
    await partition.fill("2026-02-01");
    await page.getByText("It makes one run:").waitFor();
    await launch().click();
    await page.getByRole("heading", { name: /succeeded in team/ }).waitFor();
    expect((await instance.api.run(idOf())).partition).toBe("2026-02-01");
  });

  test("a step that waits says for which pool and who holds it, and so does the pool, whose slots are set there", async () => {
    const held = (await instance.api.submit({ selection: "held" })).runs[0]!.id;
    await expect.poll(async () => (await instance.api.pools()).find((pool) => pool.name === "warehouse")?.taken).toBe(1);
    const waits = (await instance.api.submit({ selection: "queued" })).runs[0]!.id;
    await open(`/runs/${waits}`);
    const waiting = page.locator(".waiting");
    await waiting.getByText("waits for pool warehouse (1 of 1 slot)").waitFor();
    await waiting.getByRole("link", { name: held }).waitFor();
    await link("Deployment").click();
    const pool = page.locator("tr", { hasText: "warehouse" }).first();
    await pool.getByText("1 of 1 taken").waitFor();
    await pool.getByRole("link", { name: held }).waitFor();
    await pool.getByRole("link", { name: waits }).waitFor();
    await pool.getByRole("spinbutton", { name: "Slots of warehouse" }).fill("2");
    await pool.getByRole("button", { name: "Set" }).click();
    await pool.getByText("set by hand").waitFor();
    // The one that waited has gone on; the page hears of it.
    await pool.getByText("1 of 2 taken").waitFor();
    await pool.getByRole("button", { name: "Take back" }).click();
    await pool.getByText("by kc.yaml").waitFor();
    await pool.getByRole("link", { name: "warehouse" }).click();
    await expect.poll(() => page.locator("table.runs tbody tr").count()).toBe(2);
    await page.getByText("with pool warehouse").click();
    await expect.poll(() => page.locator("table.runs tbody tr").count()).toBeGreaterThan(2);
    await open(`/runs/${waits}`);
    await page.getByRole("heading", { name: /succeeded in team/ }).waitFor();
    await open(`/runs/${held}`);
  });

  test("a run that is cancelled has steps that were cancelled, none that failed, and is re-executed", async () => {
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("heading", { name: /cancelled in team/ }).waitFor();
    await page.locator(".timeline .s-cancelled").waitFor();
    await page.locator(".line-type", { hasText: "step cancelled" }).waitFor();
    expect(await page.locator(".timeline .s-failed, .line-type:has-text('step failed')").count()).toBe(0);
    sink.open();
    const before = idOf();
    await page.getByRole("button", { name: "Re-execute from failure" }).click();
    await page.getByRole("heading", { name: /succeeded in team/ }).waitFor();
    expect(idOf()).not.toBe(before);
    const first = idOf();
    await page.getByRole("button", { name: "Re-execute from scratch" }).click();
    await page.getByText(`re-execution of ${first}`).click();
    await expect.poll(idOf).toBe(first);
  });

  test("runs are narrowed by status and location, in the address too", async () => {
    await link("Runs").click();
    await page.getByRole("tab", { name: "failed" }).click();
    await expect.poll(() => page.locator("table.runs tbody tr").count()).toBe(1);
    await page.locator("table.runs").getByText("cancelled").waitFor();
    await page.getByRole("combobox", { name: "Location" }).selectOption("other");
    await page.getByText("No run is like that.").waitFor();
    expect(page.url()).toMatch(/location=other/);
  });

  test("the deployment shows locations that reload, daemons, and settings without any secret", async () => {
    await link("Deployment").click();
    const reload = page.locator("tr", { hasText: "locations/other" }).getByRole("button", { name: "Reload" });
    const before = (await instance.api.workspace()).locations.find((location) => location.name === "other")!.loadedAt;
    await reload.click();
    await expect
      .poll(async () => (await instance.api.workspace()).locations.find((one) => one.name === "other")!.loadedAt)
      .not.toBe(before);
    await page.locator("tr", { hasText: "run-retries" }).waitFor();
    await page.locator("tr", { hasText: "runs.max_concurrent" }).first().getByText("7").waitFor();
    await page.getByRole("checkbox", { name: "only what kc.yaml says" }).check();
    await expect.poll(() => page.getByText("runs.cancel_grace").count()).toBe(0);
    await page.getByText("env:HOOK_SECRET").first().waitFor();
    const content = await page.content();
    for (const secret of Object.values(sink.env)) expect(content).not.toContain(secret);
  });
});
