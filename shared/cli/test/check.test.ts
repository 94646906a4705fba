import { afterAll, expect, test } from "vitest";
import { runtimePackage, smallPlatform } from "./platform.ts";

const platform = smallPlatform({
  shop: `import { asset, defineLocation } from "${runtimePackage}";
export default defineLocation({ name: "shop", assets: [asset({ key: "orders", group: "sales", materialize() {} })] });
`,
});
afterAll(() => platform.remove());

const settings = (selection: string) =>
  `alerts:
  channels: { hook: { type: webhook, url: https://example.com/kc }, spare: { type: webhook, url: https://example.com/kc } }
  rules:
    - { name: failures, on: [asset_failed], select: "${selection}", channels: [hook] }
`;

test("an alert rule that names no asset fails the check at its line, as it stands in kc alerts list", async () => {
  platform.write("kc.yaml", settings("group:sale"));
  const problem = 'the selection names no asset: no asset has the group "sale". Did you mean "sales"?';
  const { code, out } = await platform.kc("check", "--no-types");
  expect(out).toContain(`  ✗ kc.yaml:4: alerts.rules.0.select: ${problem}`);
  expect(out).toContain("  ! kc.yaml:2: alerts.channels.spare: no rule tells anything on this channel");
  expect(code).toBe(1);
  const json = await platform.kc("check", "--no-types", "--json");
  expect(JSON.parse(json.out)).toMatchObject({
    errors: [`kc.yaml:4: alerts.rules.0.select: ${problem}`],
    warnings: ["kc.yaml:2: alerts.channels.spare: no rule tells anything on this channel"],
  });
  const listed = (await platform.kc("alerts", "list")).out;
  expect(listed).toContain(problem);
  // A limit that nobody has written is told as well.
  expect(listed).toMatch(/^hook +webhook +example\.com +10 in 1m$/m);

  platform.write("kc.yaml", settings("group:sales"));
  const mended = await platform.kc("check", "--no-types");
  expect(mended.code).toBe(0);
  expect(mended.out).toContain("✓ 1 locations: definitions load and their lineage fits");
  // Its rules and their limits count in a simulation.
  expect(await platform.kc("simulate", "--to", "+1h")).toMatchObject({ code: 0, out: expect.stringContaining("0 runs in 1h") });
});
