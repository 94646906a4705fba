import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { describe, expect, test } from "vitest";
import { acceptedEncoding, compress } from "./compress.ts";

const rows = Array.from({ length: 200 }, (_, row) => ({ row, name: `a name of row ${row}` }));
let cancelled = 0;
const app = new Hono().use(compress);
app.get("/rows", (c) => c.json(rows));
app.get("/small", (c) => c.json({ ok: true }));
app.get("/image", (c) => c.body("x".repeat(5_000), 200, { "content-type": "image/png" }));
app.get("/packed", (c) => c.body("x".repeat(5_000), 200, { "content-type": "text/plain", "content-encoding": "br" }));
app.get("/none", (c) => c.body(null, 204));
app.get("/varies", (c) => c.text("x".repeat(5_000), 404, { vary: "origin", "content-length": "5000" }));
app.get("/events", (c) => streamSSE(c, (stream) => stream.writeSSE({ data: "y".repeat(5_000) })));
app.get("/endless", (c) =>
  c.body(
    new ReadableStream({
      pull: (controller) => controller.enqueue(Buffer.from(`${Math.random()}`.repeat(200))),
      cancel: () => void cancelled++,
    }),
    200,
    { "content-type": "text/plain" },
  ),
);
const ask = (path: string, accept?: string, method = "GET") =>
  app.request(path, { method, headers: accept ? { "accept-encoding": accept } : {} });

describe("answers", () => {
  test.each([
    ["gzip", gunzipSync],
    ["br", brotliDecompressSync],
    ["zstd", zstdDecompressSync],
  ])("of text are sent as %s to who accepts it, and say that they differ by it", async (encoding, unpack) => {
    const answer = await ask("/rows", encoding);
    expect(answer.headers.get("content-encoding")).toBe(encoding);
    expect(answer.headers.get("vary")).toBe("accept-encoding");
    expect(answer.headers.get("content-type")).toBe("application/json");
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(bytes.length).toBeLessThan(JSON.stringify(rows).length / 3);
    expect(JSON.parse(unpack(bytes).toString())).toEqual(rows);
  });
  test("keep their status and what they varied by; a length that is not theirs any more goes", async () => {
    const answer = await ask("/varies", "gzip");
    expect([answer.status, answer.headers.get("vary"), answer.headers.get("content-length")]).toEqual([
      404,
      "origin, accept-encoding",
      null,
    ]);
    expect(gunzipSync(await answer.arrayBuffer())).toHaveLength(5_000);
  });
  test("that a client wants as they are vary all the same", async () => {
    for (const accept of [undefined, "identity", "gzip;q=0"]) {
      const answer = await ask("/rows", accept);
      expect([answer.headers.get("content-encoding"), answer.headers.get("vary")]).toEqual([null, "accept-encoding"]);
      expect(await answer.json()).toEqual(rows);
    }
  });
  test.each(["/small", "/image", "/events", "/none"])("%s is not compressed", async (path) => {
    const answer = await ask(path, "gzip, br, zstd");
    expect(answer.headers.get("content-encoding")).toBeNull();
    if (path === "/small") expect(await answer.json()).toEqual({ ok: true });
    if (path === "/events")
      expect([await answer.text(), answer.headers.get("vary")]).toEqual([`data: ${"y".repeat(5_000)}\n\n`, null]);
  });
  test("are not compressed twice", async () => {
    expect(await (await ask("/packed", "gzip")).text()).toBe("x".repeat(5_000));
  });
  test("to HEAD have no body to compress", async () => {
    const answer = await ask("/rows", "gzip", "HEAD");
    expect([answer.headers.get("content-encoding"), await answer.text()]).toEqual([null, ""]);
  });
  test("are sent while they are made, and no longer than somebody reads", async () => {
    const reader = (await ask("/endless", "gzip")).body!.getReader();
    expect((await reader.read()).value?.length).toBeGreaterThan(0);
    await reader.cancel();
    await expect.poll(() => cancelled).toBe(1);
  });
});

test.each([
  ["gzip, deflate, br, zstd", "zstd"],
  ["gzip, deflate, br", "br"],
  ["gzip;q=1.0, br;q=0.5", "gzip"],
  ["br;q=0, GZIP", "gzip"],
  ["*", "zstd"],
  ["zstd;q=0, *;q=0.1", "br"],
  ["identity, gzip;q=0.5", undefined],
  ["deflate", undefined],
  ["gzip;q=a", undefined],
  ["", undefined],
])("of %s the best that we have is %s", (header, encoding) => {
  expect(acceptedEncoding(header)).toBe(encoding);
});
