import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const uiFolder = resolve(import.meta.dirname, "..");
const runtime = resolve(uiFolder, "..", "runtime");
/** Put together, because the text of a location is no import of this package. */
const runtimePackage = ["@kc", "runtime"].join("/");

/** A throw-away repository that serves this UI: `locations` by name, each the text of its definitions.ts. */
export function makeWorkspace(locations: Record<string, string>, settings = ""): { root: string; remove(): void } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "kc-ui-")));
  for (const folder of ["data", "shared/ui"]) mkdirSync(join(root, folder), { recursive: true });
  // A copy: another test may build anew meanwhile.
  cpSync(join(uiFolder, "dist"), join(root, "shared", "ui", "dist"), { recursive: true });
  writeFileSync(join(root, "kc.yaml"), settings);
  for (const [name, text] of Object.entries(locations)) {
    const folder = join(root, "locations", name);
    mkdirSync(join(folder, "node_modules", "@kc"), { recursive: true });
    mkdirSync(join(folder, "src"));
    symlinkSync(runtime, join(folder, "node_modules", "@kc", "runtime"));
    symlinkSync(join(runtime, "node_modules", "zod"), join(folder, "node_modules", "zod"));
    writeFileSync(
      join(folder, "package.json"),
      JSON.stringify({ name: `@loc/${name}`, type: "module", kc: { location: name, loader: "node" } }),
    );
    writeFileSync(join(folder, "src", "definitions.ts"), text.replaceAll("RUNTIME", runtimePackage));
  }
  const list = Object.keys(locations).map((name) => `  - package: { path: locations/${name} }\n`);
  writeFileSync(join(root, "workspace.yaml"), `load_from:\n${list.join("")}`);
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** A name that breaks what takes it for markup, and does not end. */
export const hostile = `<img src=x onerror="document.title='broken'">`;
export const longKey =
  "warehouse/marts/finance/quarterly/a_very_long_name_of_an_asset_that_tells_what_it_is_only_at_its_very_end";

/** A page of each kind, as far as it needs no run. */
export const pages = [
  "/overview",
  "/",
  "/assets",
  "/assets/orders",
  "/assets/orders?tab=events",
  "/assets/report?tab=automation",
  "/assets/months?tab=partitions",
  "/checks",
  "/jobs",
  "/jobs/team/nightly",
  "/runs",
  "/backfills",
  "/automation",
  "/sensors/team/report_is_late",
  "/alerts",
  "/deployment",
];

/** A team whose definitions have one of everything that the pages show. */
export const team = `
import { z } from "zod";
import { anyDepsUpdated, asset, assetCheck, defineLocation, freshnessSensor, job, monthlyPartitions, schedule, sensor, staticPartitions } from "RUNTIME";
const gate = () => fetch(process.env.GATE_URL).then((answer) => answer.text());
const nightly = job({ name: "nightly", selection: "group:sales", description: ${JSON.stringify(hostile)}, tags: { team: "sales" } });
const typed = job({
  name: "typed", selection: "orders",
  config: z.strictObject({ limit: z.number().int().min(1).describe("rows at most"), mode: z.enum(["full", "delta"]).default("full"), days: z.array(z.string()).optional() }),
  configure: ({ limit }) => ({ orders: { limit } }),
});
const monthly = job({ name: "monthly", selection: "months" });
export default defineLocation({
  name: "team",
  assets: [
    asset({ key: "orders", group: "sales", kinds: ["sql"], owners: ["team:sales"], description: ${JSON.stringify(hostile)},
      config: z.strictObject({ limit: z.number().int().default(10) }),
      materialize: ({ config, log }) => { log.info("limit is " + config.limit); return { metadata: { rows: config.limit, text: ${JSON.stringify(hostile)} } }; } }),
    asset({ key: "report", deps: ["orders"], group: "sales", automation: anyDepsUpdated(), freshness: { maxAge: { warn: "1m", fail: "1h" } }, materialize: () => {} }),
    asset({ key: ${JSON.stringify(longKey)}, deps: ["report"], group: "marts", materialize: () => {} }),
    asset({ key: "fails", group: "broken", materialize: () => { throw new Error(${JSON.stringify(`${hostile} is no number\n`)} + "x".repeat(400)); } }),
    asset({ key: "months", partitions: monthlyPartitions({ start: "2026-01-01", end: "2026-07-01" }), materialize: ({ partition }) => ({ metadata: { month: partition } }) }),
    asset({ key: "regions", partitions: staticPartitions(["north", "south"]), materialize: () => { throw new Error("no such region"); } }),
    asset({ key: "held", pool: "warehouse", group: "slow", materialize: async ({ signal }) => {
      signal.addEventListener("abort", () => {}); await Promise.race([gate(), new Promise((_, no) => signal.addEventListener("abort", () => no(new Error("told to stop"))))]); } }),
    asset({ key: "queued", pool: "warehouse", group: "slow", materialize: () => {} }),
  ],
  checks: [
    assetCheck({ asset: "orders", name: "enough", blocking: true, description: "at least five rows",
      run: ({ materialization }) => { const rows = Number(materialization?.metadata?.rows ?? 0); return { passed: rows >= 5, description: rows + " rows", metadata: { rows } }; } }),
    assetCheck({ asset: ${JSON.stringify(longKey)}, name: "accepted_values_of_orders__placed__shipped__completed__returned__payment_id", run: () => ({ passed: true }) }),
    assetCheck({ asset: "report", name: "odd", run: () => ({ passed: false, severity: "WARN", description: ${JSON.stringify(hostile)} }) }),
  ],
  jobs: [nightly, typed, monthly],
  schedules: [
    schedule({ name: "nightly_schedule", cron: "0 6 * * *", target: nightly, defaultStatus: "running", description: "every morning" }),
    schedule({ name: "yearly", cron: "0 0 1 1 *", target: "orders" }),
  ],
  sensors: [
    sensor({ name: "files", interval: "1h", target: "orders", run: ({ cursor }) =>
      cursor === "2" ? { skip: "no new file", cursor } : { runs: [{ runKey: "file-" + (cursor ?? "0") }], cursor: cursor === undefined ? "1" : "2" } }),
    freshnessSensor({ name: "report_is_late", selection: "report", run: () => ({ skip: "nothing to do" }) }),
    sensor({ name: "broken", interval: "1h", target: "orders", run: () => { throw new Error("the folder is gone"); } }),
  ],
});
`;

export const other = `
import { asset, defineLocation } from "RUNTIME";
export default defineLocation({ name: "other", assets: [asset({ key: "other/copy", deps: ["orders"], group: "sales", materialize: () => {} })] });
`;

export const settings = `
runs: { max_concurrent: 7 }
pools: { warehouse: 1 }
alerts:
  channels:
    hook: { type: webhook, url: env:HOOK_URL, secret: env:HOOK_SECRET }
    dead: { type: webhook, url: "http://127.0.0.1:9/secret-path-of-a-hook", secret: env:HOOK_SECRET }
  rules:
    - { name: failures, on: [asset_failed, run_failed], channels: [hook], severity: error }
    - { name: nothing, on: [freshness], select: "group:nowhere", channels: [hook] }
`;

export interface Sink {
  env: Record<string, string>;
  messages: string[];
  open(): void;
  close(): void;
}

/** A server beside the platform: alerts arrive at /hook, and the step "held" goes on once `open` was called. */
export async function openSink(): Promise<Sink> {
  const messages: string[] = [];
  const waiting: ServerResponse[] = [];
  let isOpen = false;
  const server = createServer((request, response) => {
    if (request.url === "/gate") return void (isOpen ? response.end("go") : waiting.push(response));
    let text = "";
    request.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => {
      messages.push(text);
      response.end("ok");
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const open = () => {
    isOpen = true;
    for (const response of waiting.splice(0)) response.end("go");
  };
  return {
    env: { GATE_URL: `${base}/gate`, HOOK_URL: `${base}/hook`, HOOK_SECRET: "sixteen-letters-long" },
    messages,
    open,
    close() {
      open();
      server.close();
    },
  };
}
