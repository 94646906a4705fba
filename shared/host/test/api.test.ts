import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunEvent } from "../src/client/types.ts";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { definitions, makeWorkspace, runtimePackage, until } from "./workspace.ts";

const workspace = makeWorkspace({
  team: definitions(
    "team",
    `asset({ key: "a", description: "<script>", materialize: ({ log }) => { log.info("hello"); return { metadata: { rows: 1 } }; } }),
     asset({ key: "team/b", deps: ["a"], config: z.strictObject({ day: z.string().optional() }), materialize: () => {} }),
     asset({ key: "needs", config: z.strictObject({ day: z.string() }), deps: ["a"], materialize: () => {} }),
     asset({ key: "parts", partitions: dynamicPartitions("keys"), materialize: () => {} }),
     asset({ key: "fails", materialize: () => { throw new Error("no"); } })`,
    `import { z } from "zod"; import { assetCheck, dynamicPartitions } from "${runtimePackage}";`,
    `jobs: [{ kind: "job", name: "all", selection: "*", description: undefined, tags: {}, where: undefined }],
     schedules: [schedule({ name: "daily", cron: "0 6 * * *", target: "a" })],
     sensors: [sensor({ name: "poll", target: "a", run: () => {} })],
     checks: [assetCheck({ asset: "a", name: "full", run: ({ materialization }) => ({ passed: materialization !== undefined }) })]`,
  ),
});
let instance: TestInstance;
beforeAll(async () => {
  instance = await testInstance({ root: workspace.root });
});
afterAll(async () => {
  await instance.stop();
  workspace.remove();
});

/** A request with any headers, as no browser and no fetch would send them. */
function send(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<{ status: number; text: string; headers: Record<string, unknown> }> {
  const { port } = new URL(instance.url);
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: "127.0.0.1", port, method, path, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode!, text, headers: response.headers }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
const json = { "content-type": "application/json" };
const post = (path: string, body: unknown) => send("POST", path, json, JSON.stringify(body));

test.each([
  ["GET", "/api/assets?select=a", 'there is no query parameter "select". This route takes selection.'],
  ["GET", "/api/runs?statu=failed", 'there is no query parameter "statu". Did you mean "status"?'],
  ["GET", "/api/jobs?limit=5", 'there is no query parameter "limit". This route takes none.'],
  ["GET", "/api/events?run=x", 'there is no query parameter "run". Did you mean "runId"?'],
  ["POST", "/api/locations/team/reload?wait=true", 'there is no query parameter "wait". This route takes none.'],
])("%s %s: a parameter that there is not is refused with those there are", async (method, path, error) => {
  const answer = await send(method, path, json, method === "POST" ? "{}" : undefined);
  expect({ ...answer, text: JSON.parse(answer.text) }).toMatchObject({ status: 400, text: { error } });
});

describe("who may ask", () => {
  test.each([
    "evil.example",
    "evil.example:3000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "10.0.0.1",
    "localhost:80:80",
  ])("Host %j is refused", async (host) => {
    const answer = await send("GET", "/api/health", { host });
    expect([400, 403]).toContain(answer.status);
    expect(answer.text).not.toContain('"ok"');
  });
  test.each(["localhost", "127.0.0.1", "[::1]"])("Host %s is answered", async (host) => {
    expect((await send("GET", "/api/health", { host: `${host}:${new URL(instance.url).port}` })).status).toBe(200);
  });
  test("another site's page gets nothing and starts nothing", async () => {
    const host = `localhost:${new URL(instance.url).port}`;
    expect((await send("GET", "/api/assets", { host, origin: "http://evil.example" })).status).toBe(403);
    expect((await send("GET", "/api/assets", { host, origin: "null" })).status).toBe(403);
    expect((await send("POST", "/api/runs", { host, ...json, origin: "http://evil.example" }, "{}")).status).toBe(403);
    expect((await send("POST", "/api/runs", { host, ...json, "sec-fetch-site": "cross-site" }, "{}")).status).toBe(403);
    // An image or a hidden frame must not hold a lease, which keeps schedules going.
    expect(
      (await send("GET", "/api/lease?daemon=true", { host, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" })).status,
    ).toBe(403);
    expect((await send("GET", "/", { host, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" })).status).not.toBe(403);
    expect((await send("POST", "/api/runs", { host, ...json, origin: `http://${host}` }, '{"selection":"a"}')).status).toBe(200);
  });
  test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])(
    "a form's body (%s) is refused",
    async (type) => {
      const answer = await send("POST", "/api/runs", { "content-type": type }, '{"selection":"a"}');
      expect(answer.status).toBe(415);
    },
  );
  test("a body without a type is refused", async () => {
    expect((await send("POST", "/api/runs", {}, '{"selection":"a"}')).status).toBe(415);
  });
});

describe("wrong requests", () => {
  test.each<[string, string, string, unknown, number, string]>([
    ["a selection that does not parse", "POST", "/api/runs", { selection: "a and" }, 400, "it ends too early"],
    ["an asset that is not there", "POST", "/api/runs", { selection: "aa/b" }, 400, 'there is no asset "aa/b"'],
    ["a job that is not there", "POST", "/api/runs", { job: "al" }, 400, 'there is no job "al". Did you mean "all"?'],
    ["nothing to run", "POST", "/api/runs", {}, 400, "a run request needs a selection, assets or a job"],
    ["an empty selection", "POST", "/api/runs", { selection: "group:none" }, 400, "no asset has the group"],
    [
      "config that must be given, and is not",
      "POST",
      "/api/runs",
      { selection: "a or needs" },
      400,
      'config of step "needs": day: is missing',
    ],
    ["a tag that only kc sets", "POST", "/api/runs", { selection: "a", tags: { "kc/backfill": "b" } }, 400, "kc sets itself"],
    ["half a character in a tag", "POST", "/api/runs", { selection: "a", tags: { x: "a\ud800" } }, 400, "half a character"],
    [
      "tags without end",
      "POST",
      "/api/runs",
      { selection: "a", tags: Object.fromEntries(Array.from({ length: 201 }, (_, at) => [`t${at}`, ""])) },
      400,
      "a run has at most 200 tags, not 201",
    ],
    ["a tag that is no text", "POST", "/api/runs", { selection: "a", tags: { x: 1 } }, 400, "tags.x"],
    [
      "config for a step that is not of the request",
      "POST",
      "/api/runs",
      { selection: "a", config: { aa: {} } },
      400,
      'there is no step "aa"',
    ],
    [
      "a field that is none",
      "POST",
      "/api/runs",
      { selection: "a", partitoin: "x" },
      400,
      'there is no "partitoin" here. Did you mean "partition"?',
    ],
    ["a body that is a list", "POST", "/api/runs", [], 400, "must be a mapping, not a list"],
    ["a status that is none", "GET", "/api/runs?status=done", undefined, 400, 'there is no run status "done". There are queued'],
    ["runs of an asset that is not there", "GET", "/api/runs?asset=team/bb", undefined, 404, 'Did you mean "team/b"?'],
    ["runs of a location that is not there", "GET", "/api/runs?location=taem", undefined, 404, 'Did you mean "team"?'],
    ["a mistyped status", "GET", "/api/runs?status=faild", undefined, 400, 'Did you mean "failed"?'],
    ["a limit that is no number", "GET", "/api/runs?limit=many", undefined, 400, "limit: must be a number"],
    ["a limit beyond all", "GET", "/api/runs?limit=1000000", undefined, 400, "limit: must be at most 1000"],
    [
      "a status of partitions that is none",
      "GET",
      "/api/asset/partitions?key=parts&status=mising",
      undefined,
      400,
      'Did you mean "missing"?',
    ],
    ["a run that is not there", "GET", "/api/runs/nobody", undefined, 404, 'there is no run "nobody"'],
    ["a run to cancel that is not there", "POST", "/api/runs/nobody/cancel", {}, 404, 'there is no run "nobody"'],
    ["a tag that is none", "GET", "/api/runs?tag=nightly", undefined, 400, '"nightly" is no tag'],
    ["a job's page that is not there", "GET", "/api/jobs/team/al", undefined, 404, 'no job "al". Did you mean "all"?'],
    ["results of no check", "GET", "/api/checks/results?asset=a&name=ful", undefined, 404, 'Did you mean "full"?'],
    ["an asset's page that is not there", "GET", "/api/asset?key=team/bb", undefined, 404, 'Did you mean "team/b"?'],
    ["a location that is not there", "POST", "/api/locations/nobody/reload", {}, 404, 'there is no location "nobody"'],
    ["a schedule that is not there", "POST", "/api/schedules/team/dayly", { running: true }, 404, 'Did you mean "daily"?'],
    ["a switch that is neither", "POST", "/api/schedules/team/daily", { running: "yes" }, 400, "running"],
    [
      "a report of an asset that is not there",
      "POST",
      "/api/events",
      { type: "materialization", asset: "x" },
      404,
      'there is no asset "x"',
    ],
    ["a report that is no report", "POST", "/api/events", { type: "run_succeeded", asset: "a" }, 400, "type"],
    ["a path that is not there", "GET", "/api/nothing/here", undefined, 404, "there is no GET /api/nothing/here"],
    ["a method that is not there", "DELETE", "/api/runs", undefined, 404, "there is no DELETE /api/runs"],
  ])("%s", async (_, method, path, body, status, message) => {
    const answer = await send(method, path, method === "GET" ? {} : json, body === undefined ? undefined : JSON.stringify(body));
    expect([answer.status, JSON.parse(answer.text).error]).toEqual([status, expect.stringContaining(message)]);
  });
  test("a body that is no JSON", async () => {
    const answer = await send("POST", "/api/runs", json, '{"selection":');
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text).error).toMatch(/JSON/i);
  });
  test.each([
    "/%",
    "/%E0%A4%A",
    "/..%2f..%2fpackage.json",
    "/%2e%2e/%2e%2e/package.json",
    "/%00",
    "/assets/../../../package.json",
  ])("%s is a page of the UI or nothing, never a file outside", async (path) => {
    const answer = await send("GET", path);
    expect(answer.status).toBeLessThan(504);
    expect(answer.status).not.toBe(500);
    expect(answer.text).not.toContain('"@kc/');
    expect(answer.text).not.toContain("private");
  });
  test("none of them stored a run", async () => {
    expect((await instance.api.runs()).every((run) => run.assets.includes("a"))).toBe(true);
  });
});

describe("the OpenAPI document", () => {
  test("describes every route, and each of them answers as it says", async () => {
    const document = JSON.parse((await send("GET", "/api/openapi.json")).text) as {
      openapi: string;
      info: { title: string; version: string };
      paths: Record<string, Record<string, { summary?: string; responses: Record<string, unknown> }>>;
    };
    expect(document.openapi).toMatch(/^3\.1/);
    expect(document.info.title).not.toBe("");
    const { runs } = await instance.materialize("a");
    await instance.api.changeDynamicPartitions("keys", { add: ["one"] });
    const backfill = await instance.api.startBackfill({ selection: "parts", scope: "all" });
    await until(async () => (await instance.api.backfill(backfill.id)).endedAt);
    const values: Record<string, string> = { id: runs[0]!.id, location: "team", name: "daily" };
    const bodies: Record<string, unknown> = {
      "/api/runs": { selection: "a" },
      "/api/runs/plan": { selection: "a" },
      "/api/schedules/{location}/{name}": { running: false },
      "/api/sensors/{location}/{name}": { running: false },
      "/api/pools/{name}": { slots: 2 },
      "/api/alerts/mute": { what: "a", for: "1h" },
      "/api/assets/wipe": { selection: "parts" },
      "/api/alerts/unmute": { what: "a" },
      "/api/pauses": { selection: "a", for: "1h" },
      "/api/pauses/end": { what: "a" },
      "/api/backfills": { selection: "parts", scope: "all" },
      "/api/backfills/plan": { selection: "parts", scope: "all" },
      "/api/partitions": { name: "keys", add: ["two"] },
      "/api/events": { type: "observation", asset: "a", metadata: { rows: 2 } },
    };
    const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => [method, path] as const),
    );
    expect(routes.length).toBeGreaterThan(15);
    for (const [method, path] of routes) {
      const operation = document.paths[path]![method]!;
      expect(operation.summary, `${method} ${path}`).toBeTruthy();
      const name = path.includes("sensors")
        ? "poll"
        : path.includes("locations")
          ? "team"
          : path.includes("jobs")
            ? "all"
            : "daily";
      const filled = path
        .replace("backfills/{id}", `backfills/${backfill.id}`)
        .replace(/\{(\w+)\}/g, (_, variable: string) => (variable === "name" ? name : values[variable]!));
      const query =
        path === "/api/asset/series"
          ? "?key=a&name=rows"
          : path === "/api/checks/results"
            ? "?asset=a&name=full"
            : path === "/api/asset/partition"
              ? "?key=parts&partition=one"
              : path.startsWith("/api/asset/partitions") || path === "/api/checks/partitions"
                ? "?key=parts"
                : /^\/api\/asset(\/|$)/.test(path)
                  ? "?key=a"
                  : "";
      const answer = await send(
        method.toUpperCase(),
        filled + query,
        method === "get" ? {} : json,
        method === "get" ? undefined : JSON.stringify(bodies[path] ?? {}),
      );
      expect(Object.keys(operation.responses), `${method} ${path}`).toContain(String(answer.status));
      // Cancelling and retrying what has succeeded is refused, and says why.
      const refused = /\/(cancel|reexecute|pause|resume|retry)$/.test(path);
      expect(answer.status, `${method} ${path}: ${answer.text}`).toBe(refused ? 400 : 200);
      expect(answer.headers["content-type"]).toMatch(/^application\/json/);
    }
  });
  test("has a page of its own that runs nothing of what it shows", async () => {
    const page = await send("GET", "/api/docs");
    expect(page.headers["content-type"]).toMatch(/^text\/html/);
    expect(page.text).toContain("/api/runs/{id}/events");
    expect(page.text).not.toContain("<script");
  });
});

describe("the event stream", () => {
  const read = async (query: { after?: number; runId?: string }, enough: (events: RunEvent[]) => boolean) => {
    const abort = new AbortController();
    const events: RunEvent[] = [];
    for await (const event of instance.api.events(query, abort.signal)) {
      events.push(event);
      if (enough(events)) break;
    }
    abort.abort();
    return events;
  };
  const ended = (events: RunEvent[]) => events.at(-1)!.type === "run_succeeded";
  test("begins after any event and has each one once, in order", async () => {
    const { runs, events: all } = await instance.materialize("a");
    const runId = runs[0]!.id;
    expect((await read({ after: 0, runId }, ended)).map((event) => event.id)).toEqual(all.map((event) => event.id));
    const middle = all[Math.floor(all.length / 2)]!.id;
    expect((await read({ after: middle, runId }, ended)).map((event) => event.id)).toEqual(
      all.map((event) => event.id).filter((id) => id > middle),
    );
  });
  test("goes on where a reader broke off, as a browser asks", async () => {
    const { events } = await instance.materialize("a");
    const abort = new AbortController();
    const answer = await fetch(`${instance.url}/api/events`, {
      headers: { "last-event-id": String(events[1]!.id) },
      signal: abort.signal,
    });
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes(`id: ${events.at(-1)!.id}\n`)) text += (await reader.read()).value ?? "";
    abort.abort();
    // Other runs may have something to say in between.
    const own = new Set(events.map((event) => event.id));
    const heard = [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1])).filter((id) => own.has(id));
    expect(heard).toEqual(events.slice(2).map((event) => event.id));
  });
  test("without a number it begins with what happens from now on", async () => {
    const before = (await instance.materialize("a")).events.at(-1)!.id;
    let heard = false;
    const following = read({}, ended).finally(() => {
      heard = true;
    });
    // Nothing says when the stream has begun, so runs are made until it has heard one.
    while (!heard) await instance.materialize("a");
    expect((await following).every((event) => event.id > before)).toBe(true);
  });
});

describe("requests", () => {
  test("the same run key makes one run, however often and from however many at once", async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => post("/api/runs", { selection: "a", runKey: "once" })));
    const submitted = answers.map((answer) => JSON.parse(answer.text) as { requestId: string; created: boolean });
    expect(new Set(submitted.map((one) => one.requestId)).size).toBe(1);
    expect(submitted.filter((one) => one.created)).toHaveLength(1);
  });
  test("config reaches the step it names, and what does not fit is refused by its path before anything is stored", async () => {
    expect((await instance.materialize("team/b", { config: { "team/b": { day: "monday" } } })).runs[0]!.status).toBe("succeeded");
    const before = (await instance.api.runs()).length;
    const bad = instance.api.submit({ selection: "team/b", config: { "team/b": { dai: "monday" } } });
    await expect(bad).rejects.toThrow('config of step "team/b": there is no "dai" here. Did you mean "day"?');
    expect(await instance.api.runs()).toHaveLength(before);
  });
  test("a failed request is resumed by its retry", async () => {
    const { runs } = await instance.materialize("team/b or fails", { config: { "team/b": { day: "monday" } } });
    expect(runs[0]!.status).toBe("failed");
    const retried = await instance.finish(await instance.api.reexecute(runs[0]!.id));
    expect(retried.runs[0]).toMatchObject({ assets: ["fails"], status: "failed", tags: { "kc/retry_of": runs[0]!.requestId } });
    const [failure] = await instance.api.runEvents(retried.runs[0]!.id, { types: "step_failed" });
    await expect(instance.api.runEvents(retried.runs[0]!.id, { level: "error,warning" })).rejects.toThrow(
      'there is no level "warning"',
    );
    const frames = failure!.error!.stack!.split("\n").slice(1);
    expect(frames[0]).toMatch(/locations\/team\/.*:\d+:\d+/);
    expect(frames.filter((frame) => /shared\/(runtime|host)\/src|node:/.test(frame))).toEqual([]);
  });
  test("a pruning without effect counts what the real one deletes", async () => {
    const before = (await instance.api.runs()).length;
    const counted = await instance.api.prune({ runs: "1ms", dryRun: true });
    expect(counted.runs).toBeGreaterThan(0);
    expect(await instance.api.runs()).toHaveLength(before);
    expect((await instance.api.prune({ runs: "1ms" })).runs).toBeGreaterThanOrEqual(counted.runs);
  });
});
