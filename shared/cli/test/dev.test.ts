import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { joinHost } from "@kc/host/join";
import { afterAll, expect, test } from "vitest";
import { runtimePackage, smallPlatform } from "./platform.ts";

const definitions = (dep: string) => `import { existsSync, rmSync } from "node:fs";
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

/** `kc dev` in a process of its own, as at a terminal. */
function startDev(...args: string[]) {
  const main = join(import.meta.dirname, "..", "src", "main.ts");
  const script = `import { main } from ${JSON.stringify(main)}; await main(${JSON.stringify(["dev", ...args])});`;
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script], {
    cwd: platform.root,
    env: platform.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk) => {
      out += chunk;
    });
  return {
    out: () => out,
    says: (text: string) => expect.poll(() => out).toContain(text),
    async stop(): Promise<number | null> {
      child.kill("SIGINT");
      const [code] = await once(child, "close");
      return code as number | null;
    },
  };
}

test("kc dev tells problems and failing ticks once, that they are mended, and what of which partitions runs", async () => {
  const dev = startDev();
  const told = (text: string) => dev.out().split(text).length - 1;
  const { says } = dev;
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
    await dev.stop();
  }
});

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("kc dev --port takes the platform along that nobody keeps, and tells who keeps another", async () => {
  await platform.kc("list", "assets");
  const [first, second] = [await freePort(), await freePort()];
  const dev = startDev("--port", String(first));
  try {
    await dev.says(`  http://localhost:${first} `);
    expect(dev.out()).not.toContain("joined");
    const other = startDev("--port", String(second));
    await other.says(
      `joined the platform that runs at http://localhost:${first}, not at port ${second}: another kc dev keeps it there.`,
    );
    await other.stop();
  } finally {
    await dev.stop();
  }
});

test("kc dev --port waits for a short command that keeps the platform elsewhere", async () => {
  const port = await freePort();
  const host = await joinHost({
    root: platform.root,
    home: join(platform.root, ".kc"),
    port: 0,
    watch: false,
    writeKeys: false,
    lingerMs: 60_000,
    daemon: false,
  });
  const dev = startDev("--port", String(port));
  try {
    await dev.says(`a command keeps the platform at ${host.url}; waiting for its end, to serve at port ${port}`);
    host.leave();
    await dev.says(`  http://localhost:${port} `);
  } finally {
    await dev.stop();
  }
});

test("Ctrl-C while kc dev starts ends it, and the platform that it has started", async () => {
  const begun = join(platform.root, "build.begun");
  platform.write("node_modules/@turbo/test-stub/bin/turbo", `#!/bin/sh\ntouch ${begun}\n`);
  try {
    const dev = startDev();
    await expect.poll(() => existsSync(begun), { timeout: 20_000 }).toBe(true);
    expect(await dev.stop()).toBe(0);
    expect(dev.out()).toContain("kc dev: stopping");
    expect(dev.out()).not.toContain("Ctrl-C stops");
    expect(existsSync(join(platform.root, ".kc", "host.json"))).toBe(false);
  } finally {
    rmSync(join(platform.root, "node_modules/@turbo"), { recursive: true });
  }
});
