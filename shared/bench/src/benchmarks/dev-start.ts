import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Benchmark } from "../benchmark.ts";
import { times } from "../command.ts";
import { startPlatform, withoutVendors } from "../platform.ts";
import { trivialLocations, writeWorkspace } from "../workspace.ts";

const real = ["ingestion", "dbt", "downstream"];

export const devStart: Benchmark = {
  name: "dev-start",
  summary: "kc dev, installed, to a serving UI with every location loaded",
  bar: "<= 2 s with 3 locations, <= 4 s with 12",
  unit: "ms",
  async run({ root, folder, note }) {
    const home = join(folder, "home");
    note("./kc dev on a new home: PostgreSQL is initialised, stand-ins are provisioned");
    const first = await untilServing(root, home);
    const again = await times(5, () => untilServing(root, home));
    note("12 locations: the checkout's and generated ones");
    const many = writeWorkspace(root, folder, { locations: trivialLocations(12 - real.length), real });
    const start = () => hostStart(many, join(folder, "home-12"));
    await start();
    return [
      { what: "./kc dev, 3 locations", unit: "ms", samples: again, bar: { atMost: 2_000 } },
      { what: "./kc dev, 3 locations, first start", unit: "ms", samples: [first] },
      { what: "host start, 12 locations", unit: "ms", samples: await times(5, start), bar: { atMost: 4_000 } },
    ];
  },
};

/** Milliseconds from the command to its line with the URL, whose page is then fetched; the platform is stopped again. */
async function untilServing(root: string, home: string): Promise<number> {
  const began = performance.now();
  const child = spawn(join(root, "kc"), ["dev", ...real, "--port", String(await freePort())], {
    cwd: root,
    // CI: the committed asset keys are not written.
    env: {
      ...process.env,
      ...withoutVendors(),
      KC_STANDINS: undefined,
      KC_HOME: home,
      CI: "1",
      OUTPUT_DIR: join(home, "output"),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk;
      const line = /http:\/\/localhost:\d+/.exec(output);
      if (line) resolve(line[0]);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    void ended.then(() => reject(new Error(`kc dev ended: ${output.slice(-2_000)}`)));
  });
  const page = await fetch(url);
  const ms = performance.now() - began;
  child.kill("SIGINT");
  await ended;
  if (!page.ok) throw new Error(`the UI answers ${page.status}: is it built? Run ./kc build`);
  if (output.includes("✗")) throw new Error(`a location did not load: ${output}`);
  return ms;
}

async function hostStart(root: string, home: string): Promise<number> {
  const began = performance.now();
  const platform = await startPlatform({ root, home, watch: true, daemon: true });
  await fetch(platform.url);
  const ms = performance.now() - began;
  await platform.stop();
  return ms;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
