import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { httpSink } from "./alert-sink.ts";
import { definitions, makeWorkspace, until } from "./workspace.ts";

// Secrets of the environment, read by a resource and told by the team's own code in every way there is: no answer of any
// path, no event, no span, no file of the instance has them.

const secret = 's3cr3t-0f "a whole" platform';
/** No name says that it is one: a resource does. */
const licence = "l1c3nce-of-th3-team";
const spellings = [secret, licence].flatMap((one) => [
  one,
  JSON.stringify(one).slice(1, -1),
  encodeURIComponent(one),
  Buffer.from(one).toString("base64").slice(0, -4),
  Buffer.from(`kc:${one}`).toString("base64").slice(4, -4),
]);
const assets = `
  asset({ key: "uses", resources: { db }, materialize: ({ resources }) => ({ metadata: { length: resources.db.token.length } }) }),
  asset({ key: "refuses", resources: { strict }, materialize() {} }),
  asset({ key: "tells", resources: { db, licensed }, materialize({ resources, log }) {
    const { token } = resources.db;
    const { licence } = resources.licensed;
    console.log("as it is:", token, licence);
    console.error(JSON.stringify({ token }), encodeURIComponent(token), Buffer.from("kc:" + token).toString("base64"));
    process.stdout.write("in two writes: " + token.slice(0, 9)); process.stdout.write(token.slice(9) + "\\n");
    // A line so long that it comes in pieces, with the secret where they meet.
    process.stdout.write("z".repeat(1_048_570) + token + "z".repeat(1_000) + "\\n");
    log.warn("log: " + token, { token, nested: [{ licence }] });
    execFileSync("/bin/sh", ["-c", "echo child: $THE_TOKEN; echo child: $LICENCE >&2"], { stdio: "inherit" });
    return { metadata: { token, url: md.url("https://example.com/?t=" + encodeURIComponent(token)), all: md.json({ licence }) } };
  } }),
  asset({ key: "throws", resources: { db }, materialize({ resources }) {
    throw new Error("cannot log in with " + resources.db.token, { cause: new Error(resources.db.token) });
  } }),
  asset({ key: "daily", partitions: dailyPartitions({ start: "2026-01-01", end: "2026-01-03" }), resources: { db }, materialize() {} }),`;
const workspace = makeWorkspace({
  team: definitions(
    "team",
    assets,
    `import { execFileSync } from "node:child_process";
     import { assetCheck, dailyPartitions, job, md, secret } from "@kc/runtime";
     import { z } from "zod";
     console.log("while it loads: " + process.env.THE_TOKEN);
     const licensed = resource({ schema: z.object({ licence: z.string() }), config: { licence: secret("LICENCE") }, setup: (config) => config });
     const db = resource({ schema: z.object({ token: z.string() }), config: { token: env("THE_TOKEN") }, setup: (config) => config });
     const strict = resource({ schema: z.object({ token: z.coerce.number() }), config: { token: env("THE_TOKEN") }, setup: (config) => config });`,
    `jobs: [job({ name: "j", selection: "uses", config: z.object({ n: z.number().default(1) }), configure: () => ({}) })],
     checks: [assetCheck({ asset: "uses", name: "with_db", resources: { db }, run: ({ resources }) => ({ passed: resources.db.token.length > 3, description: "with " + resources.db.token, metadata: { of: resources.db.token } }) })],
     schedules: [schedule({ name: "s", cron: "0 0 1 1 *", target: "uses", resources: { db }, run: ({ resources }) => ({ runs: [{ tags: { n: String(resources.db.token.length) } }] }) })],
     sensors: [sensor({ name: "p", interval: "1h", target: "uses", resources: { db }, run: ({ resources }) => ({ cursor: String(resources.db.token.length), runs: [{}] }) }),
       sensor({ name: "skips", interval: "1h", target: "uses", run({ env, log }) { log.info("x".repeat(9_990) + env.THE_TOKEN); return { skip: "nothing for " + env.THE_TOKEN }; } }),
       sensor({ name: "fails", interval: "1h", target: "uses", run({ env, log }) { log.error(env.THE_TOKEN); throw new Error("refused: " + env.LICENCE); } }),
       sensor({ name: "asks", interval: "1h", target: "uses", run: ({ env }) => ({ runs: [{ config: { uses: { token: env.THE_TOKEN } } }] }) }),
       sensor({ name: "reports", interval: "1h", target: "uses", run: ({ env }) => ({ events: [{ type: "observation", asset: "uses", metadata: { token: env.THE_TOKEN } }] }) })]`,
  ),
  broken: 'throw new Error("this cannot load with " + process.env.THE_TOKEN);',
});
let instance: TestInstance;
let collector: Awaited<ReturnType<typeof httpSink>>;
beforeAll(async () => {
  collector = await httpSink();
  const env = { THE_TOKEN: secret, LICENCE: licence, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  instance = await testInstance({ root: workspace.root, env });
});
afterAll(async () => {
  await instance.stop();
  await collector.close();
  workspace.remove();
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

test("a secret that code reads and tells stands in no answer, no stream, no span and no file", async () => {
  const { runs } = await instance.materialize("uses");
  expect(runs[0]!.status).toBe("succeeded");
  const refused = await instance.materialize("refuses");
  expect(refused.runs[0]!.status).toBe("failed");
  expect(JSON.stringify(refused.events)).toContain("THE_TOKEN");
  const told = await instance.materialize("tells");
  const thrown = await instance.materialize("throws");
  await instance.finish(await instance.api.submit({ job: "j" }));
  const backfill = await instance.api.startBackfill({ selection: "daily", scope: "all" });
  await until(async () => (await instance.api.backfill(backfill.id)).endedAt !== null);
  const answers = [
    await instance.api.previewTick("schedules", "team", "s"),
    await instance.api.tickNow("schedules", "team", "s"),
    await instance.api.tickNow("sensors", "team", "p"),
  ];
  expect(answers.slice(1)).toMatchObject([{ status: "success" }, { status: "success" }]);
  for (const name of ["skips", "fails", "asks", "reports"]) {
    answers.push(await instance.api.previewTick("sensors", "team", name).catch(({ message }) => message));
    answers.push(await instance.api.tickNow("sensors", "team", name));
  }
  expect(answers.slice(3).filter((_, at) => at % 2 === 1)).toMatchObject([
    { status: "skipped", skip: "nothing for ***" },
    { status: "failed", error: expect.stringMatching(/definitions\.ts:\d+:\d+: refused: \*{3}$/) },
    {
      status: "failed",
      error: 'sensor "asks": its runs hold the value of a secret variable: what it asks for is kept and shown',
    },
    { status: "success" },
  ]);

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
  const values: Record<string, string> = { location: "team", key: "uses", asset: "uses" };
  const names = {
    "/api/jobs": "j",
    "/api/schedules": "s",
    "/api/sensors": "p",
    "/api/checks": "with_db",
    "/api/asset/series": "length",
  };
  const nameOf = (path: string) => Object.entries(names).find(([start]) => path.startsWith(start))?.[1];
  for (const [path, { get }] of Object.entries(document.paths)) {
    if (!get) continue;
    const id = path.startsWith("/api/backfills") ? backfill.id : runs[0]!.id;
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => (name === "name" ? nameOf(path)! : (values[name] ?? id)));
    const query = new URLSearchParams();
    for (const parameter of get.parameters ?? [])
      if (parameter.in === "query" && (parameter.required || parameter.name === "key"))
        query.set(
          parameter.name,
          parameter.name === "name"
            ? nameOf(path)!
            : parameter.name === "partition"
              ? "2026-01-01"
              : path.includes("partition")
                ? "daily"
                : "uses",
        );
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
  seen.set(
    "spans",
    await until(
      () =>
        collector.requests
          .map(({ text }) => text)
          .join("")
          .includes("step throws") && collector.requests.map(({ text }) => text).join("\n"),
    ),
  );
  const { events } = await instance.finish({ ...refused, requestId: runs[0]!.requestId, runs, created: false } as never);
  seen.set("events", JSON.stringify(events));
  for (const file of filesBelow(instance.home))
    if (statSync(file).size < 50_000_000) seen.set(file, readFileSync(file, "latin1"));

  expect(seen.size).toBeGreaterThan(30);
  expect([...seen.keys()].some((name) => name.endsWith("instance.db"))).toBe(true);
  expect([...seen].filter(([, text]) => text.includes("uses")).length).toBeGreaterThan(5);
  const holding = [...seen].filter(([, text]) => spellings.some((one) => text.includes(one)));
  expect(
    holding.map(([name, text]) => [
      name,
      text.match(new RegExp(`.{0,60}(?:${spellings.map((one) => one.replace(/[+?]/g, "\\$&")).join("|")})`))?.[0],
    ]),
  ).toEqual([]);

  // What was said is there all the same.
  const lines = told.events.filter((event) => event.type === "log").map((event) => event.message!);
  expect(lines.filter((line) => !line.includes("zzz"))).toEqual([
    "as it is: *** ***",
    '{"token":"***"} *** a2M6***Q==',
    "in two writes: ***",
    "log: ***",
  ]);
  expect(lines.filter((line) => line.includes("zzz")).map((line) => line.length)).toEqual([1_048_570, 1_003]);
  expect(told.events.find((event) => event.type === "materialization")!.metadata).toMatchObject({
    token: { value: "***" },
    url: { value: "https://example.com/?t=***" },
    all: { value: { licence: "***" } },
  });
  expect(thrown.events.find((event) => event.type === "step_failed")!.error!.message).toBe("cannot log in with ***");
  const log = readFileSync(join(instance.home, "logs", "host.log"), "utf8");
  for (const line of ["while it loads: ***", "child: ***"]) expect(log).toContain(line);
  expect([...seen.values()].some((text) => text.includes("this cannot load with ***"))).toBe(true);
}, 60_000);
