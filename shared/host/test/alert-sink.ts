import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { SMTPServer } from "smtp-server";
import type { Certificate } from "./certificates.ts";

// Servers on loopback that record what arrives, as the services would get it.

export interface SinkRequest {
  path: string;
  headers: IncomingMessage["headers"];
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of six services
  body: any;
}

export type SinkAnswer = { status: number; headers?: Record<string, string>; body?: string } | "drop";

/** An HTTP server that answers what `answer` says (default 200 "ok") and remembers every request. */
export async function httpSink(answer: (request: SinkRequest, count: number) => SinkAnswer | undefined = () => undefined) {
  const requests: SinkRequest[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => {
      const body = text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text;
      const one = { path: request.url!, headers: request.headers, text, body };
      requests.push(one);
      const said = answer(one, requests.length) ?? { status: 200, body: "ok" };
      if (said === "drop") return request.socket.destroy();
      response.writeHead(said.status, said.headers ?? {}).end(said.body ?? "");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export interface SinkLetter {
  from: string;
  to: string[];
  user: string | undefined;
  /** It came by TLS, and so did the password. */
  secure: boolean;
  text: string;
}

interface SmtpSinkOptions {
  password?: string;
  /** TLS from the first byte, or by STARTTLS. */
  security?: "tls" | "starttls";
  /** Without one, smtp-server has one of its own that nobody vouches for. */
  certificate?: Certificate;
  refuse?: (address: string) => number | undefined;
}

/**
 * An SMTP server that knows one user and remembers every letter, and every byte that a client sends; `refuse` answers for
 * an address with a reply code.
 */
export async function smtpSink(options: SmtpSinkOptions = {}) {
  const letters: SinkLetter[] = [];
  const server = new SMTPServer({
    secure: options.security === "tls",
    disabledCommands: options.security === "starttls" ? [] : ["STARTTLS"],
    ...options.certificate,
    authOptional: options.password === undefined,
    allowInsecureAuth: true,
    onAuth: (auth, _session, done) =>
      auth.password === options.password ? done(null, { user: auth.username }) : done(new Error("Invalid username or password")),
    onRcptTo: ({ address }, _session, done) => {
      const code = options.refuse?.(address);
      done(code === undefined ? null : Object.assign(new Error("refused by the sink"), { responseCode: code }));
    },
    onData: (stream, session, done) => {
      let text = "";
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        letters.push({
          from: mailFrom ? mailFrom.address : "",
          to: rcptTo.map((one) => one.address),
          user: session.user as string | undefined,
          secure: session.secure,
          text,
        });
        done();
      });
    },
  });
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // What goes over the wire is heard before the server, as somebody between the two would.
  let wire = "";
  const tap = createTcpServer((client) => {
    const other = connect((server.server.address() as AddressInfo).port, "127.0.0.1");
    client.on("data", (data) => {
      wire += data.toString("latin1");
    });
    for (const [from, to] of [
      [client, other],
      [other, client],
    ] as const)
      from
        .on("error", () => to.destroy())
        .on("close", () => to.destroy())
        .pipe(to);
  });
  await new Promise<void>((resolve) => tap.listen(0, "127.0.0.1", resolve));
  return {
    port: (tap.address() as AddressInfo).port,
    letters,
    wire: () => wire,
    async close() {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await new Promise<void>((resolve) => tap.close(() => resolve()));
    },
  };
}
