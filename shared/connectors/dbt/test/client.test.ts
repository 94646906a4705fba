import { describe, expect, test } from "vitest";
import { checkedUrl, dbtCloudClient, retryAfter } from "../src/client.ts";
import { apiServer, type Seen } from "./api-server.ts";

/** A client that waits for nothing and tells how long it would have. */
function client(url: string) {
  const waits: number[] = [];
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
    waits.push(ms);
    return signal?.aborted ? Promise.reject(signal.reason) : Promise.resolve();
  };
  return { waits, ...dbtCloudClient({ token: "s3cret", accountId: "1", accessUrl: url, sleep }) };
}

describe("requests", () => {
  test("a read is repeated after 429 and 500, as late as Retry-After says", async () => {
    let count = 0;
    await using server = await apiServer((_seen, response) => {
      count++;
      if (count === 1) response.writeHead(429, { "retry-after": "7" });
      else if (count === 2) response.writeHead(503);
      return { id: 5 };
    });
    const dbt = client(server.url);
    expect(await dbt.run(5)).toEqual({ id: 5 });
    expect(dbt.waits[0]).toBe(7_000);
    expect(server.requests).toHaveLength(3);
    expect(server.requests[0]!.authorization).toBe("Token s3cret");
  });

  test("a refused token is told with the remedy and without the token", async () => {
    await using server = await apiServer((_seen, response) => {
      response.writeHead(401).end(JSON.stringify({ status: { user_message: "Invalid token." }, data: null }));
    });
    const error = (await client(server.url)
      .run(5)
      .catch((thrown: unknown) => thrown)) as Error;
    expect(String(error)).toContain("Invalid token.");
    expect(String(error)).toContain("check DBT_CLOUD_TOKEN");
    expect(String(error)).not.toContain("s3cret");
    expect(server.requests).toHaveLength(1);
  });

  test("nobody there: the address stands in the error", async () => {
    const error = (await client("http://127.0.0.1:1")
      .run(5)
      .catch((thrown: unknown) => thrown)) as Error;
    expect(String(error)).toContain("http://127.0.0.1:1 cannot be reached (ECONNREFUSED)");
  });

  test("the token never travels unencrypted, except on loopback", () => {
    expect(() => checkedUrl("http://cloud.getdbt.com")).toThrow("unencrypted");
    expect(checkedUrl("tw590.eu1.dbt.com")).toBe("https://tw590.eu1.dbt.com");
    expect(checkedUrl("http://127.0.0.1:80/x")).toBe("http://127.0.0.1");
    expect(() => checkedUrl("https://")).toThrow("is no URL");
  });

  test("Retry-After may be seconds or a date", () => {
    expect(retryAfter("3")).toBe(3_000);
    expect(retryAfter("Fri, 20 Nov 2026 12:00:10 GMT", Date.parse("2026-11-20T12:00:00Z"))).toBe(10_000);
    expect(retryAfter(undefined)).toBeUndefined();
  });
});

describe("triggerRun()", () => {
  const causeOf = (seen: Seen) => String(seen.body.cause);

  test("a lost answer is never answered by a second run: the first is found by its mark", async () => {
    const started: { id: number; trigger: { cause: string } }[] = [];
    await using server = await apiServer((seen, response) => {
      if (seen.method === "GET") return started;
      started.push({ id: 70, trigger: { cause: causeOf(seen) } });
      response.destroy();
    });
    const run = await client(server.url).triggerRun(3, { cause: "because", steps: ["dbt build"] });
    expect(run.id).toBe(70);
    expect(started).toHaveLength(1);
    expect(started[0]!.trigger.cause).toMatch(/^because \[kc:[0-9a-f-]{36}\]$/);
  });

  test("a lost request that started nothing goes again, with the same mark", async () => {
    let posts = 0;
    await using server = await apiServer((seen, response) => {
      if (seen.method === "GET") return [];
      posts++;
      if (posts === 1) response.writeHead(502);
      return { id: 71 };
    });
    expect((await client(server.url).triggerRun(3, { cause: "because" })).id).toBe(71);
    const [first, second] = server.requests.filter((seen) => seen.method === "POST").map(causeOf);
    expect(second).toBe(first);
  });
});

describe("waitForRun()", () => {
  test("a run that is not visible yet after its trigger is waited for", async () => {
    let looks = 0;
    await using server = await apiServer((_seen, response) => {
      looks++;
      if (looks < 3) response.writeHead(404);
      return { id: 5, status: 10 };
    });
    expect((await client(server.url).waitForRun(5, { timeoutMs: 60_000, pollMs: 1_000 })).status).toBe(10);
  });

  test("over its time the run is cancelled, and the error says how to give it more", async () => {
    await using server = await apiServer((seen) => (seen.method === "POST" ? {} : { id: 5, status: 3, href: "http://run" }));
    await expect(client(server.url).waitForRun(5, { timeoutMs: -1, pollMs: 1_000 })).rejects.toThrow("took longer");
    expect(server.requests.at(-1)).toMatchObject({ method: "POST", path: "/runs/5/cancel/" });
  });

  test("an abort cancels the run in dbt Cloud", async () => {
    const abort = new AbortController();
    await using server = await apiServer((seen) => {
      if (seen.method === "GET") abort.abort(new Error("stopped by a person"));
      return { id: 5, status: 3 };
    });
    await expect(client(server.url).waitForRun(5, { timeoutMs: 60_000, pollMs: 1, signal: abort.signal })).rejects.toThrow(
      "stopped by a person",
    );
    expect(server.requests.at(-1)).toMatchObject({ method: "POST", path: "/runs/5/cancel/" });
  });

  test("log lines come once each, half written ones when they are whole", async () => {
    const logs = ["a\nb", "a\nb\nc\n", "a\nb\nc\nd"];
    let look = 0;
    await using server = await apiServer(() => ({
      id: 5,
      status: look === 2 ? 10 : 3,
      run_steps: [{ index: 1, name: "Invoke dbt", status: 3, logs: logs[look++] }],
    }));
    const lines: string[] = [];
    await client(server.url).waitForRun(5, { timeoutMs: 60_000, pollMs: 1, onLog: (line) => lines.push(line) });
    expect(lines).toEqual(["Invoke dbt", "a", "b", "c", "d"]);
  });
});

test("an artifact that comes late is waited for; one that never comes is undefined", async () => {
  let looks = 0;
  await using server = await apiServer((seen, response) => {
    if (seen.path.endsWith("none.json")) response.writeHead(404);
    else if (++looks < 3) response.writeHead(404);
    return '{"results":[]}';
  });
  const dbt = client(server.url);
  const run = { id: 5, status: 10 } as never;
  expect(await dbt.lateArtifact(run, "run_results.json")).toEqual({ results: [] });
  expect(await dbt.lateArtifact(run, "none.json")).toBeUndefined();
});
