import { describe, expect, test } from "vitest";
import { instance, link, noBrowser, open, page, sink, usePlatform } from "./platform.ts";
import { other, settings, team } from "./workspace.ts";

describe.skipIf(noBrowser)("schedules, sensors and alerts in a browser", () => {
  usePlatform({ locations: { team, other }, settings, daemon: true });
  const ticks = () => page.locator("section", { has: page.getByRole("heading", { name: "Ticks" }) }).locator("tbody tr");

  test("a schedule shows its next ticks, previews one without any effect, and ticks when it is told to", async () => {
    await open("/automation");
    await page.getByRole("link", { name: "nightly_schedule" }).click();
    await page.getByText("job nightly").waitFor();
    const next = page.locator("button.chip");
    await expect.poll(() => next.count()).toBe(8);
    await next.nth(2).click();
    await page.getByRole("button", { name: "Preview" }).click();
    await page.getByText("A run of orders, report").waitFor();
    expect(await instance.api.runs()).toEqual([]);
    await page.getByText("No tick yet.").waitFor();
    await page.getByRole("button", { name: "Tick now" }).click();
    await expect.poll(() => ticks().count()).toBe(1);
    await ticks().first().getByText("requested").waitFor();
    await ticks().first().getByRole("link").click();
    await expect.poll(() => page.locator("table.runs tbody tr").count()).toBe(1);
    await page.locator("table.runs").getByText("schedule nightly_schedule").waitFor();
  });

  test("a sensor shows its cursor and why it skipped; a preview with another cursor moves nothing; a reset begins anew", async () => {
    await open("/sensors/team/files");
    await page.getByText("none: it begins anew").waitFor();
    const tick = page.getByRole("button", { name: "Tick now" });
    for (let time = 1; time <= 3; time++) {
      await tick.click();
      await expect.poll(() => ticks().count()).toBe(time);
    }
    await ticks().first().getByText("no new file").waitFor();
    await page.getByRole("tab", { name: "requested" }).click();
    await expect.poll(() => ticks().count()).toBe(2);
    await page.getByRole("tab", { name: "all" }).click();
    await page.getByLabel("cursor").fill("1");
    await page.getByRole("button", { name: "Preview" }).click();
    await page.getByText("Its cursor would go from 1 to 2").waitFor();
    expect((await instance.api.instigator("sensors", "team", "files")).cursor).toBe("2");
    await page.getByRole("button", { name: "Reset…" }).click();
    await page.getByRole("button", { name: "Reset the cursor" }).click();
    await page.getByText("none: it begins anew").waitFor();
    expect((await instance.api.instigator("sensors", "team", "files")).cursor).toBeNull();
  });

  test("a sensor that fails shows its error, and the overview hears of a tick that no event of the log tells", async () => {
    await open("/overview");
    await page.getByText("live", { exact: true }).waitFor();
    await instance.api.tickNow("sensors", "team", "broken");
    await page.locator(".card", { hasText: "Failing ticks" }).getByRole("link", { name: "broken" }).click();
    await ticks().first().getByText("the folder is gone").waitFor();
  });

  test("a sensor is turned on and off on its page", async () => {
    await open("/sensors/team/files");
    const toggle = page.getByRole("switch", { name: /files/ });
    await toggle.click();
    await expect.poll(() => toggle.getAttribute("aria-checked")).toBe("true");
    expect((await instance.api.instigator("sensors", "team", "files")).running).toBe(true);
    await toggle.click();
    await expect.poll(() => toggle.getAttribute("aria-checked")).toBe("false");
  });

  test("automation of some assets is paused and resumed", async () => {
    await link("Automation").click();
    await page.getByRole("textbox", { name: "Assets to pause" }).fill("group:salse");
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("alert").getByText('Did you mean "sales"?').waitFor();
    await page.getByRole("textbox", { name: "Assets to pause" }).fill("group:sales");
    await page.getByRole("button", { name: "Pause" }).click();
    const paused = page.locator("tr", { hasText: "group:sales" });
    await paused.getByText("3 assets").waitFor();
    await paused.getByRole("button", { name: "Resume" }).click();
    await page.getByText("Nothing is paused.").waitFor();
    expect(await instance.api.pauses()).toEqual([]);
  });

  test("alerts: what is open comes by itself, with its message and what the service answered", async () => {
    await link("Alerts").click();
    await page.getByText("Nothing is open.").waitFor();
    await instance.materialize("fails");
    await page.getByText("Asset fails failed").first().waitFor();
    await page.locator("tr", { hasText: "Asset fails failed" }).getByText("sent").waitFor();
    expect(sink.messages.some((text) => text.includes("fails"))).toBe(true);
    await page.getByText(/the selection names no asset: no asset has the group "nowhere"/).waitFor();
  });

  test("a channel is tested with a real message, and one that does not answer says so; no secret is shown", async () => {
    const channel = (name: string) => page.locator("tr", { has: page.getByText(name, { exact: true }) }).first();
    const before = sink.messages.length;
    await channel("hook").getByRole("button", { name: "Send a test" }).click();
    await channel("hook").getByText("taken").waitFor();
    expect(sink.messages.slice(before).some((text) => text.includes("Test of channel hook"))).toBe(true);
    await channel("dead").getByRole("button", { name: "Send a test" }).click();
    await channel("dead").getByText("refused").waitFor();
    const content = await page.content();
    expect(content).not.toContain("secret-path-of-a-hook");
    expect(content).not.toContain(sink.env.HOOK_SECRET);
  });

  test("a rule is muted for a while, and unmuted", async () => {
    await page.getByRole("combobox", { name: "Mute failures" }).selectOption("for an hour");
    await page.locator("tr", { hasText: "failures" }).getByText("muted", { exact: true }).first().waitFor();
    expect((await instance.api.alerts()).mutes).toMatchObject([{ rule: "failures" }]);
    await page.getByRole("button", { name: "Unmute" }).click();
    await page.getByText("Nothing is muted.").waitFor();
  });
});
