import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ended, standin } from "./standin.ts";

let cloud: Awaited<ReturnType<typeof standin>>;
beforeAll(async () => {
  cloud = await standin({ "models/one.sql": "select 1 as id" });
});
afterAll(() => cloud[Symbol.asyncDispose]());

describe("the API", () => {
  test("takes Token and Bearer alike, and refuses another secret in the envelope", async () => {
    expect((await cloud.call("GET", "/v2/accounts/1/", undefined, "Bearer secret-of-the-test")).code).toBe(200);
    const refused = await cloud.call("GET", "/v2/accounts/1/", undefined, "Token wrong");
    expect(JSON.parse(refused.raw)).toEqual({
      status: { code: 401, is_success: false, user_message: "Invalid token.", developer_message: "" },
      data: null,
    });
  });

  test("serves every path with and without a slash at the end", async () => {
    for (const path of [
      "/v2/accounts/1",
      "/v2/accounts/1/projects",
      "/v3/accounts/1/projects",
      "/v2/accounts/1/jobs",
      "/v2/accounts/1/runs",
      `/v3/accounts/1/projects/${cloud.projectId}/environments`,
    ])
      for (const slash of ["", "/"]) expect([path, (await cloud.call("GET", path + slash)).code]).toEqual([path, 200]);
  });

  test("knows nothing of another account, job, run or artifact", async () => {
    for (const path of [
      "/v2/accounts/2/jobs/",
      "/v2/accounts/1/jobs/9/",
      "/v2/accounts/1/runs/9/",
      "/v2/accounts/1/runs/x/",
      "/v2/accounts/1/nothing/",
    ])
      expect((await cloud.call("GET", path)).code).toBe(404);
  });

  test("the address of a run opens in a browser without a token, and tells nothing but where to look", async () => {
    const open = (path: string) => fetch(`${cloud.variables.DBT_CLOUD_ACCESS_URL}${path}`);
    const page = await open("/deploy/1/projects/101/runs/70001/");
    expect([page.status, page.headers.get("content-type")]).toEqual([200, expect.stringContaining("text/html")]);
    expect((await open("/deploy/1/projects/101/runs/<b>/")).status).toBe(401);
  });

  test("a trigger needs a cause", async () => {
    const job = await cloud.job(["dbt parse"]);
    const answer = await cloud.call("POST", `/v2/accounts/1/jobs/${job}/run/`, {});
    expect([answer.code, JSON.parse(answer.raw).status.user_message]).toEqual([400, expect.stringContaining("cause")]);
  });

  test("refuses what it cannot do by name", async () => {
    const job = await cloud.job(["dbt parse"]);
    const answer = await cloud.call("POST", `/v2/accounts/1/jobs/${job}/run/`, { cause: "x", git_branch: "main" });
    expect(JSON.parse(answer.raw).status.user_message).toContain("git_branch is not supported");
    const url = await cloud.call("POST", `/v3/accounts/1/projects/${cloud.projectId}/repositories/`, {
      remote_url: "git@host:a/b.git",
    });
    expect([url.code, JSON.parse(url.raw).status.user_message]).toEqual([
      400,
      expect.stringContaining("cloning a git repository is not supported"),
    ]);
  });

  test("jobs can be made, changed, found and deleted", async () => {
    const id = await cloud.job(["dbt parse"], { name: "nightly shop" });
    await cloud.call("POST", `/v2/accounts/1/jobs/${id}/`, { execute_steps: ["dbt build"] });
    const found = await cloud.call<{ id: number; execute_steps: string[]; name: string }[]>(
      "GET",
      "/v2/accounts/1/jobs/?name__icontains=NIGHTLY",
    );
    expect(found.data).toMatchObject([{ id, name: "nightly shop", execute_steps: ["dbt build"] }]);
    await cloud.call("DELETE", `/v2/accounts/1/jobs/${id}/`);
    expect((await cloud.call("GET", `/v2/accounts/1/jobs/${id}/`)).code).toBe(404);
  });

  test("lists runs by page, order and the time they ended", async () => {
    const job = await cloud.job(["dbt parse"]);
    const ids = [await cloud.trigger(job), await cloud.trigger(job), await cloud.trigger(job)];
    const done = await Promise.all(ids.map((id) => cloud.until(id, ended)));
    const list = (query: string) => cloud.call<{ id: number }[]>("GET", `/v2/accounts/1/runs/?job_definition_id=${job}&${query}`);
    const page = await list("order_by=finished_at&limit=2&offset=1");
    expect(page.data.map((run) => run.id)).toEqual(ids.slice(1));
    expect(page.extra.pagination).toEqual({ count: 2, total_count: 3 });
    const upTo = encodeURIComponent(JSON.stringify(["2020-01-01T00:00:00Z", done[1]!.finished_at]));
    expect((await list(`order_by=-id&finished_at__range=${upTo}`)).data.map((run) => run.id)).toEqual([ids[1], ids[0]]);
    expect((await list("finished_at__range=yesterday")).code).toBe(400);
    expect((await list("order_by=name;drop")).code).toBe(400);
  });

  test("can be told to misbehave: a status, and an effect whose answer is lost", async () => {
    const faults = `${cloud.variables.DBT_CLOUD_ACCESS_URL}/__standin/faults`;
    const headers = { authorization: "Token secret-of-the-test", "content-type": "application/json" };
    const add = (rule: unknown) => fetch(faults, { method: "POST", headers, body: JSON.stringify(rule) });
    await add({ path: "/accounts/1/jobs", status: 429, headers: { "retry-after": "1" }, times: 1 });
    expect((await cloud.call("GET", "/v2/accounts/1/jobs/")).code).toBe(429);
    expect((await cloud.call("GET", "/v2/accounts/1/jobs/")).code).toBe(200);
    const job = await cloud.job(["dbt parse"]);
    await add({ method: "POST", path: "/run", after_effect: true, times: 1 });
    await expect(cloud.trigger(job)).rejects.toThrow();
    const runs = await cloud.call<{ trigger: { cause: string } }[]>("GET", `/v2/accounts/1/runs/?job_definition_id=${job}`);
    expect(runs.data.map((run) => run.trigger.cause)).toEqual(["test"]);
    expect((await fetch(faults, { method: "POST", body: "{}" })).status).toBe(401);
  });
});
