import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { runtimePackage, smallPlatform } from "./platform.ts";

const definitions = (dep: string) => `import { existsSync } from "node:fs";
import { asset, dailyPartitions, defineLocation, sensor } from "${runtimePackage}";
const days = dailyPartitions({ start: "2026-01-01", end: "2026-01-04" });
export default defineLocation({
  name: "shop",
  assets: [
    asset({ key: "days", partitions: days, materialize() {} }),
    asset({ key: "orders", deps: ["${dep}"], materialize() {} }),
  ],
  sensors: [
    sensor({
      name: "files",
      target: "orders",
      interval: "1s",
      defaultStatus: "running",
      run() {
        if (!existsSync(new URL("../file", import.meta.url))) throw new Error("the file is not there");
        return { skip: "nothing new" };
      },
    }),
  ],
});
`;
const platform = smallPlatform({ shop: definitions("day") });
platform.write("node_modules/.bin/turbo", "#!/bin/sh\n");
afterAll(() => platform.remove());

test("kc dev tells problems and failing ticks once, that they are mended, and what of which partitions runs", async () => {
  const main = join(import.meta.dirname, "..", "src", "main.ts");
  const script = `import { main } from ${JSON.stringify(main)}; await main(["dev"]);`;
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script], {
    cwd: platform.root,
    env: platform.env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    out += chunk;
  });
  const told = (text: string) => out.split(text).length - 1;
  const says = (text: string) => expect.poll(() => out).toContain(text);
  try {
    await says('depends on "day", which no location defines. Did you mean "days"?');
    await says("shop        ✗ sensor files: src/definitions.ts:17:69: the file is not there");
    platform.write("locations/shop/src/definitions.ts", definitions("days"));
    await says('✓ mended: asset "orders"');
    platform.write("locations/shop/file", "");
    await says("shop        ✓ sensor files ticks again");
    expect(told("the file is not there")).toBe(1);
    expect(told("which no location defines")).toBe(2);
    const { code, err } = await platform.kc("materialize", "days", "--partition", "2026-01-02");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    await says("of days [2026-01-02] started");
    await says("✓ days [2026-01-02]");
    await says("of days [2026-01-02] succeeded");
  } finally {
    child.kill("SIGINT");
    await once(child, "close");
  }
});
