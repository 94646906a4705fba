import { afterAll, beforeAll, expect, test } from "vitest";
import { newState, removeState, type Standin, startStandin } from "./standin.ts";

let standin: Standin;
const state = newState();
beforeAll(async () => {
  standin = await startStandin(state, { DATABRICKS_CATALOG: "Lake", DATABRICKS_SCHEMA: "raw" });
});
afterAll(async () => {
  await standin.stop();
  removeState(state);
});

const files = "/api/2.0/fs/files/Volumes/lake/raw/kc_staging";
const directories = "/api/2.0/fs/directories/Volumes/lake/raw/kc_staging";

test("a file goes up, is read whole and in ranges, and is deleted", async () => {
  const content = Buffer.alloc(300_000, "0123456789");
  expect((await standin.call("PUT", `${files}/a%20dir/f%25.bin`, content)).status).toBe(204);
  expect((await standin.call("GET", `${files}/a%20dir/f%25.bin`)).body).toBe(content.toString());
  const range = await standin.call("GET", `${files}/a%20dir/f%25.bin`, undefined, { range: "bytes=5-9" });
  expect([range.status, range.body, range.headers.get("content-range")]).toEqual([206, "56789", "bytes 5-9/300000"]);
  expect((await standin.call("GET", `${files}/a%20dir/f%25.bin`, undefined, { range: "bytes=-3" })).body).toBe("789");
  expect((await standin.call("GET", `${files}/a%20dir/f%25.bin`, undefined, { range: "bytes=300000-" })).status).toBe(416);
  const head = await standin.call("HEAD", `${files}/a%20dir/f%25.bin`);
  expect([head.status, head.headers.get("content-length")]).toEqual([200, "300000"]);
  expect((await standin.call("PUT", `${files}/a%20dir/f%25.bin`, "x")).status).toBe(409);
  expect((await standin.call("PUT", `${files}/a%20dir/f%25.bin?overwrite=true`, "x")).status).toBe(204);
  expect((await standin.call("GET", `${directories}/a%20dir`)).body.contents).toMatchObject([
    { name: "f%.bin", is_directory: false, file_size: 1 },
  ]);
  expect((await standin.call("DELETE", `${directories}/a%20dir`)).status).toBe(400);
  expect((await standin.call("DELETE", `${files}/a%20dir/f%25.bin`)).status).toBe(204);
  expect((await standin.call("DELETE", `${directories}/a%20dir`)).status).toBe(204);
  expect((await standin.call("GET", `${files}/a%20dir/f%25.bin`)).status).toBe(404);
});

test("a path cannot leave its volume", async () => {
  for (const path of ["..%2f..%2fcatalog.db", "%00", ".kc-upload-x"]) {
    expect((await standin.call("PUT", `${files}/${path}`, "x")).status, path).toBe(400);
  }
  expect((await standin.call("GET", "/api/2.0/fs/files/etc/passwd")).status).toBe(400);
  expect((await standin.call("PUT", "/api/2.0/fs/files/Volumes/lake/raw/none/x", "x")).status).toBe(404);
});

test("directories are listed in pages", async () => {
  expect((await standin.call("PUT", `${directories}/d/e`)).status).toBe(204);
  for (const name of ["1", "2", "3"]) await standin.call("PUT", `${files}/d/${name}`, name);
  const first = (await standin.call("GET", `${directories}/d?page_size=3`)).body;
  expect(first.contents.map((entry: { name: string }) => entry.name)).toEqual(["1", "2", "3"]);
  const second = (await standin.call("GET", `${directories}/d?page_token=${first.next_page_token}`)).body;
  expect(second.contents).toMatchObject([{ name: "e", is_directory: true }]);
  expect((await standin.call("PUT", `${files}/d/e`, "x")).status).toBe(409);
  expect((await standin.call("PUT", `${files}/d/1/x`, "x")).status).toBe(409);
});

test("catalogs, schemas and volumes are made, listed and refused while they hold something", async () => {
  const unity = "/api/2.1/unity-catalog";
  expect((await standin.call("POST", `${unity}/catalogs`, { name: "Sales", comment: "c" })).body).toMatchObject({
    name: "sales",
    full_name: "sales",
    comment: "c",
  });
  expect((await standin.call("POST", `${unity}/catalogs`, { name: "sales" })).body.error_code).toBe("CATALOG_ALREADY_EXISTS");
  expect((await standin.call("POST", `${unity}/schemas`, { name: "eu", catalog_name: "sales" })).body).toMatchObject({
    full_name: "sales.eu",
  });
  expect(
    (
      await standin.call("POST", `${unity}/volumes`, {
        name: "v",
        catalog_name: "sales",
        schema_name: "eu",
        volume_type: "MANAGED",
      })
    ).body,
  ).toMatchObject({ full_name: "sales.eu.v" });
  expect(
    (await standin.call("GET", `${unity}/schemas?catalog_name=sales`)).body.schemas.map((s: { name: string }) => s.name),
  ).toEqual(["default", "eu"]);
  expect((await standin.call("GET", `${unity}/schemas?catalog_name=sales&max_results=1`)).body.next_page_token).toBeDefined();
  expect((await standin.call("GET", `${unity}/schemas/sales.nope`)).body).toMatchObject({
    error_code: "SCHEMA_DOES_NOT_EXIST",
    message: "Schema 'sales.nope' does not exist.",
  });
  expect((await standin.call("DELETE", `${unity}/schemas/sales.eu`)).status).toBe(400);
  expect((await standin.call("DELETE", `${unity}/catalogs/sales?force=true`)).status).toBe(200);
  expect((await standin.call("GET", `${unity}/catalogs`)).body.catalogs.map((x: { name: string }) => x.name)).toEqual(["lake"]);
});

test("faults: a status, and an answer lost after its effect", async () => {
  await standin.call("POST", "/__standin/faults", {
    method: "GET",
    path: "unity-catalog/catalogs",
    status: 429,
    headers: { "Retry-After": "1" },
    body: { error_code: "RESOURCE_EXHAUSTED" },
    times: 1,
  });
  const limited = await standin.call("GET", "/api/2.1/unity-catalog/catalogs");
  expect([limited.status, limited.headers.get("retry-after"), limited.body.error_code]).toEqual([429, "1", "RESOURCE_EXHAUSTED"]);
  expect((await standin.call("GET", "/api/2.1/unity-catalog/catalogs")).status).toBe(200);
  await standin.call("POST", "/__standin/faults", { method: "POST", path: "/catalogs$", after_effect: true });
  await expect(standin.call("POST", "/api/2.1/unity-catalog/catalogs", { name: "lost" })).rejects.toThrow();
  expect((await standin.call("GET", "/api/2.1/unity-catalog/catalogs/lost")).status).toBe(200);
  expect((await standin.call("POST", "/__standin/faults", { path: "(" })).status).toBe(400);
});
