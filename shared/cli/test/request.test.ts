import { afterAll, expect, test } from "vitest";
import { runtimePackage, smallPlatform } from "./platform.ts";

const platform = smallPlatform({
  shop: `import { asset, defineLocation, job } from "${runtimePackage}";
export default defineLocation({
  name: "shop",
  assets: [asset({ key: "orders", materialize() {} }), asset({ key: "totals", deps: ["orders"], materialize() {} })],
  jobs: [job({ name: "nightly", selection: "totals" })],
});
`,
});
afterAll(() => platform.remove());

test("a dry run tells the runs it would take and starts none", async () => {
  const { code, out } = await platform.kc("materialize", "orders", "totals", "--dry-run");
  expect(code).toBe(0);
  expect(out).toMatch(/^1 +shop +orders, totals +2$/m);
  expect(out).toContain("1 run; nothing was started");
  const job = await platform.kc("launch", "nightly", "--dry-run", "--json");
  expect(JSON.parse(job.out)).toMatchObject({ runs: [{ location: "shop", assets: ["totals"] }], tags: { "kc/job": "nightly" } });
  expect(JSON.parse((await platform.kc("runs", "list", "--json")).out)).toEqual([]);
});

test("a selection is given by words or by --select, and the outcome of a job as JSON", async () => {
  const listed = async (...words: string[]) =>
    (JSON.parse((await platform.kc("list", "assets", ...words, "--json")).out) as { key: string }[]).map((one) => one.key);
  expect(await listed("orders", "totals")).toEqual(["orders", "totals"]);
  expect(await listed("--select", "orders+")).toEqual(["orders", "totals"]);
  expect(await listed("orders+", "and", "not", "orders")).toEqual(["totals"]);
  const launched = await platform.kc("launch", "nightly", "--json");
  expect([launched.code, JSON.parse(launched.out)]).toEqual([0, [expect.objectContaining({ status: "succeeded" })]]);
  expect((await platform.kc("pause", "orders", "--for", "1h")).out).toMatch(/^orders +1 /m);
});
