import type { Server } from "node:http";
import { serve } from "@hono/node-server";
import { UserError } from "@kc/runtime/internal";
import type { App } from "./route.ts";

const hint = "Choose another with --port or KC_PORT.";

/**
 * Serves on loopback at the port, or at the next free one (at most 50 further on).
 * @throws UserError when none of them is free, or when this user may not take it.
 */
export async function listen(app: App, port: number): Promise<{ port: number; close(): Promise<void> }> {
  const last = Math.min(port + 49, 65_535);
  for (let wanted = port; wanted <= last; wanted++) {
    const server = await new Promise<Server | undefined>((resolve, reject) => {
      const started = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: wanted }, () =>
        resolve(started as Server),
      ) as Server;
      started.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "EADDRINUSE") resolve(undefined);
        else if (error.code === "EACCES") reject(new UserError(`this user may not serve at port ${wanted}`, { hint }));
        else reject(error);
      });
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
  throw new UserError(`no port from ${port} to ${last} is free`, { hint });
}
