import { randomInt } from "node:crypto";
import type { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { Agent, type Dispatcher, request } from "undici";
import { answerError, DatabricksError, DatabricksLostAnswerError } from "./errors.ts";
import { workspaceOrigin } from "./host.ts";

export interface ConnectionOptions {
  host: string;
  token: string;
  dispatcher?: Dispatcher;
  /** Waits `ms`, rejecting when the signal aborts. */
  sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** Tries in all, for requests that may be repeated. Default 6. */
  maxTries?: number;
}

export interface RequestOptions {
  query?: Record<string, string | number | boolean | undefined>;
  /** Sent as JSON. */
  json?: unknown;
  /** Raw body, made anew for each try. */
  body?: () => Readable | Buffer;
  headers?: Record<string, string>;
  /** Whether the request may be sent again when its answer is lost. Default: every method but POST and PATCH. */
  idempotent?: boolean;
  signal?: AbortSignal | undefined;
}

/** Sends requests to one workspace with its token, and repeats only what may be repeated. */
export interface Requester {
  readonly origin: string;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly now: () => number;
  json<T>(method: Dispatcher.HttpMethod, path: string, options?: RequestOptions): Promise<T>;
  raw(method: Dispatcher.HttpMethod, path: string, options?: RequestOptions): Promise<Dispatcher.ResponseData>;
  close(): Promise<void>;
}

/** Failures before a byte of the request was sent: nothing can have happened, so even a POST may go again. */
const neverSent = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"]);
const passing = new Set([500, 502, 503, 504]);

/** The request core of the client. */
export function requester(options: ConnectionOptions): Requester {
  const origin = workspaceOrigin(options.host);
  if (!options.token)
    throw new DatabricksError("the Databricks token is empty", { errorCode: "INVALID_TOKEN", hint: "Set DATABRICKS_TOKEN." });
  const dispatcher = options.dispatcher ?? new Agent({ keepAliveTimeout: 10_000, connect: { timeout: 10_000 } });
  const sleep = options.sleep ?? ((ms: number, signal?: AbortSignal) => wait(ms, undefined, signal ? { signal } : {}));
  const now = options.now ?? Date.now;
  const maxTries = options.maxTries ?? 6;

  async function raw(method: Dispatcher.HttpMethod, path: string, sent: RequestOptions = {}): Promise<Dispatcher.ResponseData> {
    const idempotent = sent.idempotent ?? (method !== "POST" && method !== "PATCH");
    const name = `${method} ${path}`;
    for (let attempt = 1; ; attempt++) {
      sent.signal?.throwIfAborted();
      let answer: Dispatcher.ResponseData;
      try {
        answer = await send(method, path, sent);
      } catch (error) {
        sent.signal?.throwIfAborted();
        const code = networkCode(error);
        if ((idempotent || neverSent.has(code)) && attempt < Math.min(maxTries, neverSent.has(code) ? 4 : maxTries)) {
          await sleep(backoff(attempt), sent.signal);
          continue;
        }
        throw unreachable(origin, name, code, idempotent || neverSent.has(code), error);
      }
      if (answer.statusCode < 300) return answer;
      // 429 is refused before any work is done, so it may be repeated whatever the method; the others only when idempotent.
      const again = answer.statusCode === 429 || (idempotent && passing.has(answer.statusCode));
      if (!again || attempt >= maxTries) throw answerError(name, answer.statusCode, await bodyText(answer, options.token));
      await answer.body.dump().catch(() => undefined);
      await sleep(retryAfterMs(answer.headers["retry-after"], now()) ?? backoff(attempt), sent.signal);
    }
  }

  function send(method: Dispatcher.HttpMethod, path: string, sent: RequestOptions): Promise<Dispatcher.ResponseData> {
    const url = new URL(path, origin);
    for (const [key, value] of Object.entries(sent.query ?? {}))
      if (value !== undefined) url.searchParams.set(key, String(value));
    const headers: Record<string, string> = {
      authorization: `Bearer ${options.token}`,
      "user-agent": "kc/0.1",
      accept: "application/json, */*",
      ...sent.headers,
    };
    if (sent.json !== undefined) headers["content-type"] = "application/json";
    const body = sent.json !== undefined ? JSON.stringify(sent.json) : (sent.body?.() ?? null);
    return request(url, { method, headers, body, dispatcher, ...(sent.signal ? { signal: sent.signal } : {}) });
  }

  return {
    origin,
    sleep,
    now,
    raw,
    async json<T>(method: Dispatcher.HttpMethod, path: string, sent: RequestOptions = {}): Promise<T> {
      const answer = await raw(method, path, sent);
      const text = await answer.body.text().catch((error: unknown) => {
        sent.signal?.throwIfAborted();
        throw unreachable(origin, `${method} ${path}`, networkCode(error), sent.idempotent ?? method === "GET", error);
      });
      if (!text) return {} as T;
      try {
        return JSON.parse(text) as T;
      } catch {
        throw new DatabricksError(`${origin} answered ${method} ${path} with something that is not JSON`, {
          status: answer.statusCode,
          errorCode: "MALFORMED_ANSWER",
          hint: "Check that DATABRICKS_HOST is the workspace URL and not a login page or proxy.",
        });
      }
    },
    close: async () => {
      if (!options.dispatcher) await dispatcher.close();
    },
  };
}

/** Milliseconds that a Retry-After header asks for (seconds or an HTTP date), at most a minute; undefined without one. */
export function retryAfterMs(header: string | string[] | undefined, now: number): number | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  if (!text) return undefined;
  const ms = /^\d+$/.test(text.trim()) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 60_000) + randomInt(0, 250) : undefined;
}

/** 0.25 s doubling to 8 s, each between half and whole of it, so that many clients do not come back together. */
const backoff = (attempt: number): number => {
  const top = Math.min(8_000, 250 * 2 ** (attempt - 1));
  return randomInt(top / 2, top + 1);
};

function networkCode(error: unknown): string {
  for (
    let at = error as { code?: unknown; cause?: unknown; errors?: unknown[] } | undefined;
    at;
    at = (at.cause ?? at.errors?.[0]) as typeof at
  )
    if (typeof at.code === "string") return at.code;
  return "NETWORK";
}

function unreachable(origin: string, name: string, code: string, safe: boolean, cause: unknown): DatabricksError {
  if (safe)
    return new DatabricksError(`Databricks at ${origin} does not answer ${name} (${code})`, {
      errorCode: code,
      hint: "Check DATABRICKS_HOST and the network; a local stand-in runs only while its kc instance does.",
      cause,
    });
  return new DatabricksLostAnswerError(
    `the answer to ${name} from ${origin} was lost (${code}): it may or may not have been carried out`,
    {
      errorCode: code,
      hint: "It was not sent again, because that could do the work twice.",
      cause,
    },
  );
}

async function bodyText(answer: Dispatcher.ResponseData, token: string): Promise<string> {
  const text = await answer.body.text().catch(() => "");
  return text.slice(0, 20_000).replaceAll(token, "***");
}
