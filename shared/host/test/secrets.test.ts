import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { definitions, makeWorkspace, until } from "./workspace.ts";

// A secret of the environment, read by a resource: no answer of any path, no event, no file of the instance has it.

const secret = "s3cr3t-0f-a-whole-platform";
const assets = `
  asset({ key: "uses", resources: { db }, materialize: ({ resources }) => ({ metadata: { length: resources.db.token.length } }) }),
  asset({ key: "refuses", resources: { strict }, materialize() {} }),
  asset({ key: "daily", partitions: dailyPartitions({ start: "2026-01-01", end: "2026-01-03" }), resources: { db }, materialize() {} }),`;
const workspace = makeWorkspace({
  team: definitions(
    "team",
    assets,
    `import { assetCheck, dailyPartitions, job } from "@kc/runtime";
     import { z } from "zod";
     const db = resource({ schema: z.object({ token: z.string() }), config: { token: env("THE_TOKEN") }, setup: (config) => config });
     const strict = resource({ schema: z.object({ token: z.coerce.number() }), config: { token: env("THE_TOKEN") }, setup: (config) => config });`,
    `jobs: [job({ name: "j", selection: "uses", config: z.object({ n: z.number().default(1) }), configure: () => ({}) })],
     checks: [assetCheck({ asset: "uses", name: "with_db", resources: { db }, run: ({ resources }) => ({ passed: resources.db.token.length > 3 }) })],
     schedules: [schedule({ name: "s", cron: "0 0 1 1 *", target: "uses", resources: { db }, run: ({ resources }) => ({ runs: [{ tags: { n: String(resources.db.token.length) } }] }) })],
     sensors: [sensor({ name: "p", interval: "1h", target: "uses", resources: { db }, run: ({ resources }) => ({ cursor: String(resources.db.token.length), runs: [{}] }) })]`,
  ),
});
let instance: TestInstance;
beforeAll(async () => {
  instance = await testInstance({ root: workspace.root, env: { THE_TOKEN: secret } });
});
afterAll(async () => {
  await instance.stop();
  workspace.remove();
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

test("a secret that a resource reads stands in no answer, no stream and no file", async () => {
  const { runs } = await instance.materialize("uses");
  expect(runs[0]!.status).toBe("succeeded");
  const refused = await instance.materialize("refuses");
  expect(refused.runs[0]!.status).toBe("failed");
  expect(JSON.stringify(refused.events)).toContain("THE_TOKEN");
  await instance.finish(await instance.api.submit({ job: "j" }));
  const backfill = await instance.api.startBackfill({ selection: "daily", scope: "all" });
  await until(async () => (await instance.api.backfill(backfill.id)).endedAt !== null);
  const answers = [
    await instance.api.previewTick("schedules", "team", "s"),
    await instance.api.tickNow("schedules", "team", "s"),
    await instance.api.tickNow("sensors", "team", "p"),
  ];
  expect(answers.slice(1)).toMatchObject([{ status: "success" }, { status: "success" }]);

  const seen = new Map<string, string>([["ticks", JSON.stringify(answers)]]);
  const fetched = async (path: string) => {
    const answer = await fetch(new URL(path, instance.url));
    seen.set(path, await answer.text());
    return answer.status;
  };
  // Every path there is: those of the document, with what exists in place of their parameters, and those beside it.
  const document = (await (await fetch(new URL("/api/openapi.json", instance.url))).json()) as {
    paths: Record<string, { get?: { parameters?: { name: string; in: string; required?: boolean }[] } }>;
  };
  const values: Record<string, string> = { location: "team", key: "uses", name: "s", asset: "uses" };
  for (const [path, { get }] of Object.entries(document.paths)) {
    if (!get) continue;
    const id = path.startsWith("/api/backfills") ? backfill.id : runs[0]!.id;
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? id);
    const query = new URLSearchParams();
    for (const parameter of get.parameters ?? [])
      if (parameter.in === "query" && (parameter.required || parameter.name === "key"))
        query.set(parameter.name, parameter.name === "name" ? "length" : path.includes("partition") ? "daily" : "uses");
    expect([path, await fetched(`${filled}?${query}`)]).toEqual([path, 200]);
  }
  for (const path of ["/", "/health", "/metrics", "/api/docs", "/api/openapi.json", "/api/nowhere", "/api/runs/nobody"])
    await fetched(path);
  const last = (await instance.api.runEvents(refused.runs[0]!.id)).at(-1)!.id;
  const abort = new AbortController();
  const stream: unknown[] = [];
  for await (const event of instance.api.events({ after: 0 }, abort.signal)) {
    stream.push(event);
    if (event.id >= last && event.runId === refused.runs[0]!.id) break;
  }
  abort.abort();
  seen.set("the stream", JSON.stringify(stream));
  const { events } = await instance.finish({ ...refused, requestId: runs[0]!.requestId, runs, created: false } as never);
  seen.set("events", JSON.stringify(events));
  for (const file of filesBelow(instance.home))
    if (statSync(file).size < 50_000_000) seen.set(file, readFileSync(file, "latin1"));

  expect(seen.size).toBeGreaterThan(30);
  expect([...seen.keys()].some((name) => name.endsWith("instance.db"))).toBe(true);
  expect([...seen].filter(([, text]) => text.includes("uses")).length).toBeGreaterThan(5);
  expect([...seen].filter(([, text]) => text.includes(secret)).map(([name]) => name)).toEqual([]);
}, 60_000);
