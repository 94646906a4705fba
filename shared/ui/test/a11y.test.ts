import { describe, expect, test } from "vitest";
import { instance, noBrowser, open, page, usePlatform } from "./platform.ts";
import { other, pages, settings, team } from "./workspace.ts";

/** What can be focused, and whether it is seen to be. */
const focused = () =>
  page.evaluate(() => {
    const { activeElement: element } = document;
    const node = element?.classList.contains("react-flow__node") ? element.querySelector(".node")! : element;
    const style = node && getComputedStyle(node);
    return {
      what: element?.outerHTML.slice(0, 120),
      inDialog: element?.closest("dialog") !== null,
      seen: style !== null && style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 2,
    };
  });

describe.skipIf(noBrowser)("without a mouse, and without seeing", () => {
  usePlatform({ locations: { team, other }, settings });

  test("every control of every page has a name", async () => {
    await instance.materialize("orders or report");
    await instance.materialize("fails");
    await instance.api.startBackfill({ selection: "months", scope: "latest" });
    const session = await page.context().newCDPSession(page);
    const controls = ["button", "link", "textbox", "searchbox", "combobox", "checkbox", "switch", "tab", "spinbutton", "option"];
    for (const path of [...pages, `/runs/${(await instance.api.runs())[0]!.id}`]) {
      await open(path);
      await page.getByText("live", { exact: true }).waitFor();
      await page.locator("main h1, .vtable td").first().waitFor();
      const { nodes } = await session.send("Accessibility.getFullAXTree");
      const nameless = nodes.filter(
        ({ ignored, role, name }) => !ignored && controls.includes(String(role?.value)) && !String(name?.value ?? "").trim(),
      );
      expect(
        nameless.map((node) => node.role?.value),
        path,
      ).toEqual([]);
    }
  });

  test("the Tab key goes to the content at once, and what has the focus is seen to have it", async () => {
    for (const path of [
      "/overview",
      "/checks",
      "/jobs/team/typed",
      "/sensors/team/files",
      "/assets/months?tab=partitions",
      "/",
    ]) {
      await open(path);
      await page.locator("main h1, .vtable td").first().waitFor();
      await page.keyboard.press("Tab");
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip the navigation");
      await page.keyboard.press("Enter");
      for (let step = 0; step < 25; step++) {
        await page.keyboard.press("Tab");
        const now = await focused();
        if (now.what?.startsWith("<body")) break;
        expect(now.seen, `${path}: ${now.what}`).toBe(true);
      }
    }
  });

  test("tabs are one stop; the arrows choose among them", async () => {
    await open("/runs");
    await page.getByRole("tab", { name: "all" }).focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => page.getByRole("tab", { name: "active" }).getAttribute("aria-selected")).toBe("true");
    await page.keyboard.press("End");
    await expect.poll(() => page.url()).toContain("status=succeeded");
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => page.getByRole("tab", { name: "all" }).getAttribute("aria-selected")).toBe("true");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe("Location");
    await open("/assets/orders");
    await page.getByRole("tab", { name: "overview" }).focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => page.url()).toContain("tab=events");
  });

  test("the search opens by a key from every page, keeps the focus, and leaves by Escape to where one was", async () => {
    await open("/jobs");
    await page.getByRole("link", { name: "nightly", exact: true }).focus();
    await page.keyboard.press("/");
    const dialog = page.getByRole("dialog", { name: "Search" });
    const field = dialog.getByRole("combobox");
    await field.waitFor();
    await page.keyboard.type("mont");
    await dialog.getByRole("option", { name: /^months asset/ }).waitFor();
    for (let step = 0; step < 6; step++) {
      await page.keyboard.press(step % 2 ? "Shift+Tab" : "Tab");
      const { what, inDialog } = await focused();
      // Between the two ends the browser's own bar has the focus.
      expect(inDialog || what?.startsWith("<body"), what).toBe(true);
    }
    await field.focus();
    await page.keyboard.press("Escape");
    expect(await field.inputValue()).toBe("");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("nightly");
  });

  test("it finds assets, checks, jobs, schedules, sensors, pages and runs", async () => {
    const run = (await instance.api.runs())[0]!.id;
    for (const [text, option, url] of [
      ["months", /^months asset · team/, "/assets/months"],
      ["orders:enough", /check$/, "/assets/orders?tab=checks"],
      ["nightly", /^nightly job · team/, "/jobs/team/nightly"],
      ["yearly", /schedule · team/, "/schedules/team/yearly"],
      ["files", /sensor · team/, "/sensors/team/files"],
      ["alerts", /page$/, "/alerts"],
      [run, /run$/, `/runs/${run}`],
    ] as const) {
      await page.keyboard.press("Control+k");
      await page.getByRole("dialog").getByRole("combobox").fill(text);
      await page.getByRole("dialog").getByRole("option", { name: option }).first().click();
      await expect.poll(() => new URL(page.url()).pathname + new URL(page.url()).search).toBe(url);
    }
    expect(await page.title()).toBe(`${run} · Runs · kc`);
  });

  test("an asset of the lineage is chosen by the keys, and left", async () => {
    await open("/");
    const node = page.getByRole("button", { name: "orders: succeeded, healthy" });
    await node.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("complementary", { name: "About orders" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("complementary").waitFor({ state: "detached" });
  });

  test("each state has a shape of its own, and nothing moves for who wants it still", async () => {
    await page.emulateMedia({ reducedMotion: "reduce" });
    const looks = await page.evaluate(() =>
      ["succeeded", "failed", "warn", "running", "queued", "missing"].map((value) => {
        const status = document.body.appendChild(document.createElement("span"));
        status.className = `status s-${value}`;
        const style = getComputedStyle(status.appendChild(document.createElement("i")));
        const { borderRadius, transform, clipPath, borderTopWidth, backgroundImage, animationName } = style;
        const filled = style.backgroundColor !== "rgba(0, 0, 0, 0)";
        return {
          look: JSON.stringify([
            borderRadius,
            transform,
            clipPath,
            borderTopWidth,
            backgroundImage.replaceAll(/rgba?\([^)]*\)/g, ""),
            filled,
          ]),
          animationName,
        };
      }),
    );
    expect(new Set(looks.map(({ look }) => look)).size).toBe(looks.length);
    expect(new Set(looks.map(({ animationName }) => animationName))).toEqual(new Set(["none"]));
    await page.emulateMedia({ reducedMotion: null });
  });
});
