import { describe, expect, test } from "vitest";
import { instance, noBrowser, open, page, usePlatform } from "./platform.ts";

const many = 10_000;
const team = `
import { asset, assetCheck, defineLocation } from "RUNTIME";
const numbers = Array.from({ length: ${many} }, (_, number) => number);
export default defineLocation({
  name: "team",
  assets: numbers.map((number) => asset({
    key: "layer_" + (number % 10) + "/asset_" + String(number).padStart(5, "0"), group: "group_" + (number % 50), kinds: ["sql"],
    deps: number < 10 ? [] : ["layer_" + (number % 10) + "/asset_" + String(number - 10).padStart(5, "0")],
    materialize: () => {},
  })),
  checks: numbers.slice(0, 3_000).map((number) => assetCheck({
    asset: "layer_" + (number % 10) + "/asset_" + String(number).padStart(5, "0"), name: "fine", run: () => ({ passed: true }),
  })),
});
`;

describe.skipIf(noBrowser)("ten thousand assets in a browser", () => {
  usePlatform({ locations: { team } });
  const rows = () => page.locator(".vtable tbody tr");

  test("the catalog keeps only the rows in sight in the page, at its top and at its end", async () => {
    await open("/assets");
    await page.getByRole("tab", { name: "all 10,000" }).waitFor();
    expect(await rows().count()).toBeLessThan(80);
    await page.locator(".vbox").evaluate((box) => box.scrollTo(0, box.scrollHeight));
    await page.locator(`tr[aria-rowindex="${many + 1}"]`).waitFor();
    expect(await rows().count()).toBeLessThan(80);
  });

  test("a selection narrows it, and all of what is left is chosen and materialized at once", async () => {
    await page.getByRole("searchbox", { name: "Asset selection" }).fill("group:group_7");
    await page.getByRole("tab", { name: "all 200" }).waitFor();
    await page.getByRole("checkbox", { name: "Choose all" }).click();
    await page.getByRole("button", { name: "Materialize 200" }).click();
    await page.getByRole("heading", { name: /succeeded in team/ }).waitFor();
    expect((await instance.api.runs())[0]!.assets).toHaveLength(200);
  });

  test("the lineage is laid out and drawn, of which only what is in sight is in the page", async () => {
    await open("/");
    await page.locator(".node").first().waitFor();
    expect(await page.locator(".node").count()).toBeLessThan(1_000);
    const key = "layer_3/asset_07773";
    await open(`/?asset=${encodeURIComponent(key)}`);
    await page.getByTestId(`rf__node-${key}`).waitFor();
  });

  /** Whether the whole of a node is in the part of the lineage that is seen. */
  const inSight = (key: string) =>
    page.getByTestId(`rf__node-${key}`).evaluate((node) => {
      const [box, around] = [node.getBoundingClientRect(), node.closest(".canvas")!.getBoundingClientRect()];
      return box.left >= around.left && box.right <= around.right && box.top >= around.top && box.bottom <= around.bottom;
    });

  test("an asset is found by a part of its name, with the keys alone, and is brought into sight", async () => {
    await open("/");
    await page.locator(".node").first().waitFor();
    const find = page.getByRole("combobox", { name: "Find an asset" });
    await find.fill("asset_0812");
    await expect.poll(() => page.getByRole("option").count()).toBe(10);
    await find.press("ArrowDown");
    await find.press("Enter");
    await page.getByRole("complementary").getByRole("heading", { name: "layer_1/asset_08121" }).waitFor();
    await expect.poll(() => inSight("layer_1/asset_08121")).toBe(true);
  });

  test("also one that the selection leaves out", async () => {
    await page.getByRole("searchbox", { name: "Asset selection" }).fill("group:group_7");
    await expect.poll(() => page.getByTestId("rf__node-layer_1/asset_08121").count()).toBe(0);
    const find = page.getByRole("combobox", { name: "Find an asset" });
    await find.fill("asset_09999");
    await find.press("Enter");
    await expect.poll(() => page.getByTestId("rf__node-layer_9/asset_09999").count()).toBe(1);
    await expect.poll(() => inSight("layer_9/asset_09999")).toBe(true);
  });

  test("a click in the whole of it goes there", async () => {
    const map = page.locator(".minimap canvas");
    const sight = page.locator(".minimap-sight");
    const [{ x, y }, before] = [(await map.boundingBox())!, (await sight.boundingBox())!];
    await map.click({ position: { x: 8, y: 8 } });
    await expect.poll(async () => (await sight.boundingBox())!.x).toBeLessThan(Math.min(before.x, x + 12));
    expect((await sight.boundingBox())!.y).toBeLessThan(y + 12);
    await page.locator(".node").first().waitFor();
  });

  test("thousands of checks are listed likewise", async () => {
    await open("/checks");
    await page.getByRole("tab", { name: "all 3,000" }).waitFor();
    expect(await rows().count()).toBeLessThan(80);
  });
});
