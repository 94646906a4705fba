import { afterEach, describe, expect, test } from "vitest";
import { DatabricksError, DatabricksLostAnswerError, databricksClient, workspaceOrigin } from "../src/client.ts";
import { fakeWorkspace, type Reply, type Seen } from "./fake-workspace.ts";

const open: { close(): unknown }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

async function workspace(reply: (seen: Seen, nth: number) => Reply) {
  const server = await fakeWorkspace(reply);
  const slept: number[] = [];
  const client = databricksClient({
    host: server.host,
    token: "dapi-secret",
    warehouseId: "w",
    sleep: async (ms) => void slept.push(ms),
  });
  open.push(server, client);
  return { client, seen: server.seen, slept };
}
const limited: Reply = {
  status: 429,
  headers: { "retry-after": "3" },
  json: { error_code: "REQUEST_LIMIT_EXCEEDED", message: "slow down" },
};

describe("requests", () => {
  test("a 429 is repeated after the time the workspace asks for, with the token in the header", async () => {
    const { client, seen, slept } = await workspace((_, nth) => (nth < 3 ? limited : { json: { job_id: 7, settings: {} } }));
    await expect(client.jobs.get(7)).resolves.toMatchObject({ job_id: 7 });
    expect(seen).toHaveLength(3);
    expect(seen[0]!.headers.authorization).toBe("Bearer dapi-secret");
    expect(slept.every((ms) => ms >= 3_000 && ms < 3_300)).toBe(true);
  });

  test("a workspace that stays at 429 is given up with its code, message and what to do", async () => {
    const { client, seen } = await workspace(() => limited);
    await expect(client.jobs.get(7)).rejects.toMatchObject({
      status: 429,
      errorCode: "REQUEST_LIMIT_EXCEEDED",
      message: expect.stringMatching(/slow down[\s\S]*fewer steps/),
    });
    expect(seen).toHaveLength(6);
  });

  test("a refused token is an error at once, and the token is not in it", async () => {
    const { client, seen } = await workspace(() => ({
      status: 401,
      json: { error_code: "UNAUTHENTICATED", message: "bad token dapi-secret" },
    }));
    const error = await client.jobs.get(7).catch((e: unknown) => e as DatabricksError);
    expect(error).toMatchObject({
      status: 401,
      errorCode: "UNAUTHENTICATED",
      message: expect.stringContaining("DATABRICKS_TOKEN"),
    });
    expect(String((error as Error).message)).not.toContain("dapi-secret");
    expect(seen).toHaveLength(1);
  });

  test("a 500 is repeated for a read and never for a create", async () => {
    const { client, seen } = await workspace((request, nth) =>
      nth === 1 || request.method === "POST" ? { status: 500 } : { json: { job_id: 1 } },
    );
    await client.jobs.get(1);
    await expect(client.jobs.create({ name: "n" })).rejects.toMatchObject({ status: 500 });
    expect(seen.map((entry) => entry.method)).toEqual(["GET", "GET", "POST"]);
  });

  test("a create whose answer is lost is not sent again", async () => {
    const { client, seen } = await workspace(() => "drop");
    await expect(client.jobs.create({ name: "n" })).rejects.toBeInstanceOf(DatabricksLostAnswerError);
    expect(seen).toHaveLength(1);
  });

  test("ensuring a job whose create lost its answer finds the job that was made", async () => {
    let made = false;
    const { client, seen } = await workspace((request) => {
      if (request.method === "GET")
        return {
          json: {
            jobs: made
              ? [
                  { job_id: 5, settings: { name: "N" } },
                  { job_id: 9, settings: { name: "n" } },
                ]
              : [],
          },
        };
      made = true;
      return "drop";
    });
    await expect(client.jobs.ensure("n", {})).resolves.toBe(9);
    expect(seen.filter((entry) => entry.method === "POST")).toHaveLength(1);
  });

  test("a run whose answer is lost is asked for again with the same idempotency token", async () => {
    const { client, seen } = await workspace((_, nth) => (nth === 1 ? "drop" : { json: { run_id: 4 } }));
    await expect(client.jobs.runNow(1, { parameters: { day: "2026-01-01" } })).resolves.toBe(4);
    const tokens = seen.map((entry) => (JSON.parse(entry.body) as { idempotency_token: string }).idempotency_token);
    expect(tokens).toHaveLength(2);
    expect(new Set(tokens).size).toBe(1);
  });

  test("a workspace that is down is an error naming its address and what to check", async () => {
    const server = await fakeWorkspace(() => ({}));
    server.close();
    const client = databricksClient({ host: server.host, token: "t", warehouseId: "w", sleep: async () => {} });
    open.push(client);
    const error = await client.jobs.create({}).catch((e: unknown) => e as Error);
    expect(error).not.toBeInstanceOf(DatabricksLostAnswerError);
    expect((error as Error).message).toContain(server.host);
    expect((error as Error).message).toContain("DATABRICKS_HOST");
  });

  test("a page that is not JSON says that the host may be wrong", async () => {
    const { client } = await workspace(() => ({ text: "<html>log in</html>" }));
    await expect(client.jobs.get(1)).rejects.toMatchObject({
      errorCode: "MALFORMED_ANSWER",
      message: expect.stringContaining("DATABRICKS_HOST"),
    });
  });

  test("an empty page with a token is followed to the page after it", async () => {
    const { client } = await workspace((_, nth) => ({
      json: nth === 1 ? { next_page_token: "x" } : { catalogs: [{ name: "test" }] },
    }));
    await expect(client.unityCatalog.catalogs.list()).resolves.toEqual([{ name: "test" }]);
  });
});

describe("workspaceOrigin()", () => {
  test.each([
    ["adb-1.2.azuredatabricks.net", "https://adb-1.2.azuredatabricks.net"],
    ["https://adb-1.2.azuredatabricks.net/?o=1", "https://adb-1.2.azuredatabricks.net"],
    ["http://127.0.0.1:4711/", "http://127.0.0.1:4711"],
  ])("%s is %s", (given, origin) => {
    expect(workspaceOrigin(given)).toBe(origin);
  });

  test.each(["", "http://adb-1.azuredatabricks.net", "https://", "ftp://x"])("%j is refused", (given) => {
    expect(() => workspaceOrigin(given)).toThrow(DatabricksError);
  });
});
