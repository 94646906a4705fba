import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Seen {
  method: string;
  path: string;
  query: URLSearchParams;
  body: Record<string, unknown>;
  authorization: string | undefined;
}

/** An HTTP server whose answers a test writes, for the bad days that a real API shows rarely. */
export async function apiServer(answer: (seen: Seen, response: ServerResponse) => unknown) {
  const requests: Seen[] = [];
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const url = new URL(request.url!, "http://x");
    const seen = {
      method: request.method!,
      path: url.pathname.replace("/api/v2/accounts/1", ""),
      query: url.searchParams,
      body: text ? (JSON.parse(text) as Record<string, unknown>) : {},
      authorization: request.headers.authorization,
    };
    requests.push(seen);
    const data = await answer(seen, response);
    if (!response.writableEnded && !response.destroyed)
      response.end(typeof data === "string" ? data : JSON.stringify({ status: { code: 200, is_success: true }, data }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
