import type { Agent } from "undici";
import { DbtCloudError, errorOf } from "./errors.ts";

export interface ConnectionOptions {
  token: string;
  accountId: string;
  /** URL of the account's cell; default https://cloud.getdbt.com. */
  accessUrl?: string | undefined;
  /** Milliseconds until an answer must begin. Default 30,000. */
  timeoutMs?: number;
  /** Waits; tests give their own. */
  sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export interface RequestOptions {
  query?: Record<string, string | number | undefined>;
  json?: unknown;
  signal?: AbortSignal | undefined;
  /** Whether doing it twice does no harm, so that it may go again after a lost answer. Default: only GET. */
  idempotent?: boolean;
}

export interface Requester {
  readonly accessUrl: string;
  readonly accountId: string;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** The body as text. `path` starts after `/api/`. */
  text(method: string, path: string, options?: RequestOptions): Promise<string>;
  /** `data` of the envelope. */
  data<T>(method: string, path: string, options?: RequestOptions): Promise<T>;
  close(): Promise<void>;
}

const tries = 5;
/** The longest Retry-After that is waited for, in milliseconds; a longer one is an error. */
const longestWait = 120_000;
/** The request was surely not carried out: no connection came about. */
const neverSent = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);

/** The request core: retries with backoff what may be repeated, honours Retry-After, never repeats a POST blindly. */
export function requester(options: ConnectionOptions): Requester {
  const accessUrl = checkedUrl(options.accessUrl || "https://cloud.getdbt.com");
  if (!options.token) throw new DbtCloudError("no dbt Cloud token is configured", { hint: "Set DBT_CLOUD_TOKEN." });
  if (!/^\d+$/.test(options.accountId))
    throw new DbtCloudError(`the dbt Cloud account "${options.accountId}" is no number`, { hint: "Set DBT_CLOUD_ACCOUNT_ID." });
  const timeout = options.timeoutMs ?? 30_000;
  let agent: Agent | undefined;
  /** undici is loaded with the first request: a location that loads from its cache never needs it. */
  async function transport(): Promise<{ request: typeof import("undici")["request"]; dispatcher: Agent }> {
    const undici = await import("undici");
    agent ??= new undici.Agent({ headersTimeout: timeout, bodyTimeout: timeout, connectTimeout: 10_000 });
    return { request: undici.request, dispatcher: agent };
  }
  const sleep = options.sleep ?? wait;
  const headers = { authorization: `Token ${options.token}`, accept: "application/json", "user-agent": "kc" };

  async function text(method: string, path: string, given: RequestOptions = {}): Promise<string> {
    const url = new URL(`${accessUrl}/api/${path}`);
    for (const [name, value] of Object.entries(given.query ?? {}))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const { request, dispatcher } = await transport();
    const repeatable = given.idempotent ?? method === "GET";
    for (let attempt = 1; ; attempt++) {
      given.signal?.throwIfAborted();
      let failure: DbtCloudError;
      let pause = backoff(attempt);
      try {
        const answer = await request(url, {
          method: method as "GET",
          dispatcher,
          signal: given.signal ?? null,
          headers: given.json === undefined ? headers : { ...headers, "content-type": "application/json" },
          body: given.json === undefined ? null : JSON.stringify(given.json),
        });
        const body = await answer.body.text();
        if (answer.statusCode < 300) return body;
        failure = errorOf(answer.statusCode, method, `/api/${path}`, body);
        // 429 is refused before it is carried out: whatever it was may go again.
        const retriable = answer.statusCode === 429 || (repeatable && [500, 502, 503, 504].includes(answer.statusCode));
        if (!retriable) throw failure;
        pause = retryAfter(answer.headers["retry-after"]) ?? pause;
      } catch (error) {
        if (given.signal?.aborted) throw given.signal.reason;
        if (error instanceof DbtCloudError) throw error;
        const code = codeOf(error);
        const sent = !neverSent.has(code);
        failure = new DbtCloudError(`dbt Cloud at ${accessUrl} cannot be reached (${code}): ${method} /api/${path}`, {
          hint: "Check DBT_CLOUD_ACCESS_URL and the network.",
          cause: error,
          lost: sent,
        });
        if (sent && !repeatable) throw failure;
      }
      if (attempt === tries || pause > longestWait) throw failure;
      await sleep(pause, given.signal);
    }
  }

  return {
    accessUrl,
    accountId: options.accountId,
    sleep,
    text,
    async data<T>(method: string, path: string, given?: RequestOptions): Promise<T> {
      const body = await text(method, path, given);
      try {
        return (JSON.parse(body) as { data: T }).data;
      } catch (error) {
        throw new DbtCloudError(`dbt Cloud's answer to ${method} /api/${path} is no JSON`, {
          hint: "Is DBT_CLOUD_ACCESS_URL the URL of a dbt Cloud cell?",
          cause: error,
        });
      }
    },
    close: async () => agent?.close(),
  };
}

/** 0.25 s, doubled each time, with up to a half more so that clients do not come back together. */
const backoff = (attempt: number): number => 250 * 2 ** (attempt - 1) * (1 + Math.random() / 2);

/** Milliseconds of a Retry-After header: seconds or an HTTP date. */
export function retryAfter(header: string | string[] | undefined, now = Date.now()): number | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  if (!text) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

function codeOf(error: unknown): string {
  const { code, cause, message } = error as { code?: string; cause?: { code?: string }; message?: string };
  return code ?? cause?.code ?? message ?? "no answer";
}

/** `https://host`; http only on loopback, where the local stand-in is. */
export function checkedUrl(given: string): string {
  let url: URL;
  try {
    url = new URL(/^https?:\/\//i.test(given) ? given : `https://${given}`);
  } catch {
    throw new DbtCloudError(`DBT_CLOUD_ACCESS_URL "${given}" is no URL`, { hint: 'Write it as "https://cloud.getdbt.com".' });
  }
  const loopback = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  if (url.protocol !== "https:" && !loopback)
    throw new DbtCloudError(`DBT_CLOUD_ACCESS_URL "${given}" would send the token unencrypted`, { hint: "Use https://." });
  return url.origin;
}

function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
