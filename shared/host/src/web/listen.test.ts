import { OpenAPIHono } from "@hono/zod-openapi";
import { expect, test } from "vitest";
import { listen } from "./listen.ts";

test("a port that is taken gives way to the next; when there is none left, that is told", async () => {
  const last = await listen(new OpenAPIHono(), 65_535).catch(() => undefined);
  try {
    await expect(listen(new OpenAPIHono(), 65_535)).rejects.toThrow(
      expect.objectContaining({ name: "UserError", message: "no port from 65535 to 65535 is free" }),
    );
  } finally {
    await last?.close();
  }
});
