import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface Seen {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  body: string;
}
/** What to answer: a status with a body, or "drop" to carry the request out and lose the answer. */
export type Reply = { status?: number; headers?: Record<string, string>; json?: unknown; text?: string } | "drop";

/** A scripted HTTP server for what a real workspace does only on bad days. */
export async function fakeWorkspace(
  reply: (seen: Seen, nth: number) => Reply,
): Promise<{ host: string; seen: Seen[]; close(): void }> {
  const seen: Seen[] = [];
  const server: Server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://x");
    const entry = {
      method: request.method ?? "",
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: await text(request),
    };
    seen.push(entry);
    const answer = reply(entry, seen.length);
    if (answer === "drop") return request.socket.destroy();
    response.writeHead(answer.status ?? 200, { "content-type": "application/json", ...answer.headers });
    return response.end(answer.text ?? JSON.stringify(answer.json ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
