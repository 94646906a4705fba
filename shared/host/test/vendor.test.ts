import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { bundleVendor, vendorFile } from "../src/code-server/vendor/bundle.ts";
import { testInstance } from "../src/testing.ts";
import { definitions, makeWorkspace, until } from "./workspace.ts";

const cache = mkdtempSync(join(tmpdir(), "kc-vendor-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

describe.skipIf(process.platform !== "linux")("others' packages as one file", () => {
  test("the first host makes it in the background; processes that start then load it, and run as well", async () => {
    const workspace = makeWorkspace({ team: definitions("team", `asset({ key: "a", materialize: () => {} })`) });
    const instance = await testInstance({ root: workspace.root, env: { NODE_COMPILE_CACHE: cache } });
    const serving = async () => {
      const { pid } = (await instance.api.workspace()).locations[0]!;
      return readFileSync(`/proc/${pid}/environ`, "latin1").includes(`"vendor":${JSON.stringify(vendorFile(cache))}`);
    };
    try {
      expect((await instance.materialize("a")).runs[0]!.status).toBe("succeeded");
      await until(() => existsSync(vendorFile(cache)));
      await instance.api.reload("team");
      expect(await serving()).toBe(true);
      expect((await instance.materialize("a")).runs[0]!.status).toBe("succeeded");
    } finally {
      await instance.stop();
      workspace.remove();
    }
  });
  test("that of other versions goes when one is made; one that is there is left alone", async () => {
    const old = join(cache, "vendor-0123456789abcdef.mjs");
    writeFileSync(old, "");
    writeFileSync(vendorFile(cache), "export {};");
    await bundleVendor(cache);
    expect([readFileSync(vendorFile(cache), "utf8"), existsSync(old)]).toEqual(["export {};", true]);
    rmSync(vendorFile(cache));
    await bundleVendor(cache);
    expect(readdirSync(cache).filter((name) => name.startsWith("vendor-"))).toEqual([vendorFile(cache).slice(cache.length + 1)]);
  });
});
