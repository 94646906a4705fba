import { OpenAPIHono } from "@hono/zod-openapi";
import { describe, expect, test } from "vitest";
import { keepLease } from "../join.ts";
import { type StreamContext, streams } from "./streams.ts";

describe("a lease", () => {
  test("is never silent for long: clients end a stream that says nothing for five minutes", async () => {
    const app = new OpenAPIHono();
    let open = 0;
    let ends = false;
    const context = {
      lease: () => {
        open++;
        return () => open--;
      },
      ending: () => ends,
    } as unknown as StreamContext;
    streams(app, context, 5);
    const response = await app.request("/api/lease?id=x");
    const reader = response.body!.getReader();
    for (let beat = 0; beat < 4; beat++) expect(new TextDecoder().decode((await reader.read()).value)).toMatch(/^(: held\n\n)+$/);
    expect(open).toBe(1);
    await app.request("/api/lease/x", { method: "DELETE" });
    await expect.poll(() => open).toBe(0);
    ends = true;
    expect((await app.request("/api/lease?id=y")).status).toBe(503);
    expect(open).toBe(0);
  });

  test("that breaks while the host lives is taken anew; it ends with the host or with the command", async () => {
    const abort = new AbortController();
    let taken = 0;
    const lease = async () => {
      taken++;
      if (taken < 3) throw new TypeError("terminated");
      abort.abort();
    };
    await keepLease({ lease, alive: async () => ({}) }, abort.signal);
    expect(taken).toBe(3);
    taken = 0;
    await keepLease(
      { lease: async () => void taken++, alive: () => Promise.reject(new TypeError("fetch failed")) },
      new AbortController().signal,
    );
    expect(taken).toBe(1);
  });
});
