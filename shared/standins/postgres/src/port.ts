import { createServer } from "node:net";

/** The preferred port when it is free on 127.0.0.1, else another free one. */
export async function freePort(preferred?: number): Promise<number> {
  for (const wanted of preferred ? [preferred, 0] : [0]) {
    const port = await new Promise<number | undefined>((resolve) => {
      const server = createServer();
      server.once("error", () => resolve(undefined));
      server.listen({ port: wanted, host: "127.0.0.1", exclusive: true }, () => {
        const address = server.address();
        server.close(() => resolve(typeof address === "object" && address ? address.port : undefined));
      });
    });
    if (port !== undefined) return port;
  }
  throw new Error("no free port on 127.0.0.1");
}
