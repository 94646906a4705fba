import { afterAll, expect, test } from "vitest";
import { runtimePackage, smallPlatform } from "./platform.ts";

const platform = smallPlatform({
  shop: `import { asset, defineLocation } from "${runtimePackage}";
export default defineLocation({ name: "shop", assets: [asset({ key: "orders", pool: "warehouse", materialize() {} })] });
`,
});
afterAll(() => platform.remove());

test("a limit of a pool that no step uses is set, and said to hold nothing back", async () => {
  const mistyped = await platform.kc("pools", "set", "warehuse", "3");
  expect(mistyped).toMatchObject({
    code: 0,
    err: 'kc pools: no step takes slots of pool "warehuse": the limit is kept and holds nothing back. Did you mean "warehouse"?\n    kc pools unset warehuse takes it back.',
  });
  expect(await platform.kc("pools", "set", "warehouse", "3")).toMatchObject({ code: 0, err: "" });
  const listed = await platform.kc("pools");
  expect(listed.out).toMatch(/^warehuse +3 .* no step uses it$/m);
  expect(listed.out).toMatch(/^warehouse +3 +0 +command +step$/m);
});
