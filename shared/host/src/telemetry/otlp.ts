import { createHash, randomBytes } from "node:crypto";

// OTLP over HTTP in its JSON encoding: https://opentelemetry.io/docs/specs/otlp/#otlphttp. The SDK packages are not used:
// four kinds of span and one POST do not need them, and what is off must not even be loaded.

export interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  /** A call to a vendor, or work of ours. */
  kind: "client" | "internal";
  /** Milliseconds since the epoch. */
  start: number;
  end: number;
  attributes: Record<string, string | number | boolean>;
  /** Present: it failed. */
  error?: string;
}

export interface Exporter {
  add(span: Span): void;
  /** Sends what waits; ends when it is sent or given up, at the latest after `limitMs`. Never throws. */
  flush(limitMs: number): Promise<void>;
  endpoint: string;
}

const digest = (text: string, bytes: number): string =>
  createHash("sha256")
    .update(text)
    .digest("hex")
    .slice(0, bytes * 2);
/** All runs of a request are one trace; host and workers know its ids without telling each other. */
export const traceIdOf = (requestId: string): string => digest(`trace:${requestId}`, 16);
export const runSpanIdOf = (runId: string): string => digest(`run:${runId}`, 8);
export const newSpanId = (): string => randomBytes(8).toString("hex");

const waitMs = 1_000;
const batchSize = 256;
/** Spans that may wait while the collector is away; what is more is dropped: traces must never cost runs anything. */
const maxWaiting = 4_096;

/** Collects spans and posts them in batches, at the latest a second after the first. */
export function otlpExporter(params: {
  endpoint: string;
  /** `OTEL_EXPORTER_OTLP_HEADERS`: name=value pairs, values percent-encoded. */
  headers: string | undefined;
  resource: Record<string, string>;
  report(line: string): void;
}): Exporter {
  const { endpoint, resource, report } = params;
  const headers = Object.fromEntries(
    (params.headers ?? "")
      .split(",")
      .map((pair) => pair.split("=", 2).map((part) => part.trim()))
      .flatMap(([name, value]) => (name && value ? [[name.toLowerCase(), decoded(value)]] : [])),
  );
  let waiting: Span[] = [];
  let timer: NodeJS.Timeout | undefined;
  let told = false;
  let sending: Promise<void> = Promise.resolve();

  const send = async (spans: readonly Span[]): Promise<void> => {
    const body = JSON.stringify(payload(spans, resource));
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        const response = await fetch(endpoint, {
          method: "POST",
          headers: { ...headers, "content-type": "application/json" },
          body,
          redirect: "manual",
          signal: AbortSignal.timeout(5_000),
        });
        await response.body?.cancel();
        if (response.ok) return;
        if (![429, 502, 503, 504].includes(response.status)) return once(`the collector answers ${response.status}`);
      } catch (error) {
        if (attempt === 2) return once(String((error as { cause?: Error }).cause?.message ?? (error as Error).message));
      }
      await new Promise<void>((resolve) => setTimeout(resolve, 500 * 2 ** attempt).unref());
    }
  };
  const once = (why: string) => {
    if (!told) report(`traces: spans are lost: ${why}`);
    told = true;
  };
  const drain = () => {
    clearTimeout(timer);
    timer = undefined;
    const spans = waiting;
    waiting = [];
    for (let from = 0; from < spans.length; from += batchSize) {
      const batch = spans.slice(from, from + batchSize);
      sending = sending.then(() => send(batch));
    }
    return sending;
  };
  return {
    endpoint,
    add(span) {
      if (waiting.length >= maxWaiting) return once(`more than ${maxWaiting} wait`);
      waiting.push(span);
      timer ??= setTimeout(() => void drain(), waitMs).unref();
    },
    async flush(limitMs) {
      let limit: NodeJS.Timeout | undefined;
      await Promise.race([drain(), new Promise<void>((resolve) => (limit = setTimeout(resolve, limitMs)))]);
      clearTimeout(limit);
    },
  };
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const anyValue = (value: string | number | boolean) =>
  typeof value === "string"
    ? { stringValue: value.slice(0, 4_000) }
    : typeof value === "boolean"
      ? { boolValue: value }
      : Number.isInteger(value)
        ? { intValue: String(value) }
        : { doubleValue: value };
const attributes = (values: Record<string, string | number | boolean>) =>
  Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }));
const nanos = (ms: number): string => `${BigInt(Math.round(ms * 1_000)) * 1_000n}`;

function payload(spans: readonly Span[], resource: Record<string, string>) {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributes(resource) },
        scopeSpans: [
          {
            scope: { name: "kc" },
            spans: spans.map((span) => ({
              traceId: span.traceId,
              spanId: span.spanId,
              ...(span.parentSpanId ? { parentSpanId: span.parentSpanId } : {}),
              name: span.name,
              kind: span.kind === "client" ? 3 : 1,
              startTimeUnixNano: nanos(span.start),
              endTimeUnixNano: nanos(Math.max(span.start, span.end)),
              attributes: attributes(span.attributes),
              status: span.error === undefined ? {} : { code: 2, message: span.error.slice(0, 1_000) },
            })),
          },
        ],
      },
    ],
  };
}
