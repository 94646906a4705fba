import type { Server } from "node:http";
import { serve } from "@hono/node-server";
import type { App } from "./route.ts";

/**
 * Serves on loopback at the port, or at the next free one (at most 50 further on).
 * @throws Error when none of them is free.
 */
export async function listen(app: App, port: number): Promise<{ port: number; close(): Promise<void> }> {
  for (let wanted = port; wanted < port + 50; wanted++) {
    const server = await new Promise<Server | undefined>((resolve, reject) => {
      const started = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: wanted }, () =>
        resolve(started as Server),
      ) as Server;
      started.on("error", (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? resolve(undefined) : reject(error)));
    });
    if (!server) continue;
    const address = server.address();
    const bound = typeof address === "object" && address ? address.port : wanted;
    return {
      port: bound,
      close: () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    };
  }
  throw new Error(`no free port from ${port} to ${port + 49}`);
}
