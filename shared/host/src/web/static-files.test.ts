import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compress } from "./compress.ts";
import { staticFile } from "./static-files.ts";

const folder = mkdtempSync(join(tmpdir(), "kc-static-"));
const script = "const a = 1;\n".repeat(200);
beforeAll(() => {
  mkdirSync(join(folder, "ui", "assets"), { recursive: true });
  writeFileSync(join(folder, "ui", "index.html"), "<html>");
  writeFileSync(join(folder, "ui", "assets", "index-abc.js"), script);
  writeFileSync(join(folder, "secret.txt"), "secret");
});
afterAll(() => rmSync(folder, { recursive: true }));
const app = new Hono().use(compress).get("*", (c) => staticFile(join(folder, "ui"), c));
const ask = (path: string, headers: Record<string, string> = {}) => app.request(path, { headers });

describe("files of the UI", () => {
  test("whose names tell their content are kept for ever, the page itself is asked for again", async () => {
    const [page, file] = [await ask("/runs/x"), await ask("/assets/index-abc.js")];
    expect([await page.text(), page.headers.get("content-type"), page.headers.get("cache-control")]).toEqual([
      "<html>",
      "text/html; charset=utf-8",
      "no-cache",
    ]);
    expect([await file.text(), file.headers.get("cache-control")]).toEqual([script, "public, max-age=31536000, immutable"]);
  });
  test("that a client has are not sent again, until they change; the answer still says how long to keep them", async () => {
    const etag = (await ask("/")).headers.get("etag")!;
    for (const known of [etag, `"other", ${etag}`, "*"]) {
      const answer = await ask("/", { "if-none-match": known });
      expect([answer.status, await answer.text(), answer.headers.get("etag"), answer.headers.get("cache-control")]).toEqual([
        304,
        "",
        etag,
        "no-cache",
      ]);
    }
    utimesSync(join(folder, "ui", "index.html"), new Date(), new Date(1_000));
    expect((await ask("/", { "if-none-match": etag })).status).toBe(200);
  });
  test("are compressed, and one tag fits every encoding", async () => {
    const packed = await ask("/assets/index-abc.js", { "accept-encoding": "gzip" });
    const plain = await ask("/assets/index-abc.js");
    expect(packed.headers.get("content-encoding")).toBe("gzip");
    expect(packed.headers.get("etag")).toBe(plain.headers.get("etag"));
    expect(packed.headers.get("etag")).toMatch(/^W\//);
  });
  test("are those of their folder only", async () => {
    for (const path of ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/%zz"])
      expect(await (await ask(path)).text()).toBe("<html>");
  });
});
