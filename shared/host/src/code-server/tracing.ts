import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, tracingChannel } from "node:diagnostics_channel";
import { type DatabaseCall, databaseChannel, type NewEvent } from "@kc/runtime/serve";
import type { Redactor } from "../secrets/redactor.ts";
import { type Exporter, newSpanId, otlpExporter, runSpanIdOf, type Span, traceIdOf } from "../telemetry/otlp.ts";

// Loaded in a worker only when traces have somewhere to go.

interface StepContext {
  traceId: string;
  spanId: string;
}
/** What undici tells on its diagnostics channels, Node's own fetch included. */
interface UndiciRequest {
  origin?: string | URL;
  path: string;
  method: string;
  addHeader(name: string, value: string): unknown;
}

export interface RunTrace {
  /** Runs a step's work as a span; its HTTP requests and its queries become spans below it. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Hears what steps report, for the error and the assets of their spans. */
  hear(event: Pick<NewEvent, "type" | "step" | "asset" | "error">): void;
  flush(): Promise<void>;
}

const current = new AsyncLocalStorage<StepContext>();
let exporter: Exporter | undefined;

/** Traces of the runs of this worker. */
export function runTrace(params: {
  endpoint: string;
  headers: string | undefined;
  service: string | undefined;
  location: string;
  runId: string;
  requestId: string;
  secrets: Redactor;
}): RunTrace {
  if (!exporter) {
    const plain = otlpExporter({
      endpoint: params.endpoint,
      headers: params.headers,
      resource: { "service.name": params.service ?? "kc", "kc.location": params.location },
      report: (line) => process.stderr.write(`${line}\n`),
    });
    const { secrets } = params;
    exporter = {
      ...plain,
      add: (span) => plain.add({ ...span, name: secrets.text(span.name), attributes: secrets.value(span.attributes) }),
    };
    traceRequests(exporter);
    traceQueries(exporter);
  }
  const out = exporter;
  const heard = new Map<string, { error?: string; assets: Set<string> }>();
  return {
    async step(name, work) {
      const spanId = newSpanId();
      const traceId = traceIdOf(params.requestId);
      const start = Date.now();
      try {
        return await current.run({ traceId, spanId }, work);
      } finally {
        const { error, assets } = heard.get(name) ?? { assets: new Set() };
        out.add({
          traceId,
          spanId,
          parentSpanId: runSpanIdOf(params.runId),
          name: `step ${name}`,
          kind: "internal",
          start,
          end: Date.now(),
          attributes: {
            "kc.step": name,
            "kc.run.id": params.runId,
            "kc.location": params.location,
            "kc.assets": [...assets].slice(0, 100).join(","),
          },
          ...(error === undefined ? {} : { error }),
        });
      }
    },
    hear({ type, step, asset, error }) {
      if (!step) return;
      const known = heard.get(step) ?? { assets: new Set<string>() };
      if (asset) known.assets.add(asset);
      if (type === "step_failed") known.error ??= error?.message ?? "the step failed";
      heard.set(step, known);
    },
    flush: () => out.flush(2_000),
  };
}

/** Every HTTP request that a step makes becomes a client span, and the vendor gets its `traceparent`. */
function traceRequests(out: Exporter): void {
  const open = new WeakMap<object, Span>();
  const end = (request: object, change: (span: Span) => void) => {
    const span = open.get(request);
    if (!span) return;
    open.delete(request);
    change(span);
    out.add({ ...span, end: Date.now() });
  };
  subscribe("undici:request:create", (message) => {
    const { request } = message as { request: UndiciRequest };
    const step = current.getStore();
    const url = step && URL.parse(request.path, String(request.origin));
    if (!url || out.endpoint === url.href) return;
    const spanId = newSpanId();
    request.addHeader("traceparent", `00-${step.traceId}-${spanId}-01`);
    open.set(request, {
      traceId: step.traceId,
      spanId,
      parentSpanId: step.spanId,
      name: `${request.method} ${url.host}`,
      kind: "client",
      start: Date.now(),
      end: 0,
      attributes: {
        "http.request.method": request.method,
        "server.address": url.hostname,
        "server.port": Number(url.port || (url.protocol === "https:" ? 443 : 80)),
        "url.full": safeUrl(url),
      },
    });
  });
  subscribe("undici:request:headers", (message) => {
    const { request, response } = message as { request: object; response: { statusCode: number } };
    const span = open.get(request);
    if (!span) return;
    span.attributes["http.response.status_code"] = response.statusCode;
    if (response.statusCode >= 400) span.error = `HTTP ${response.statusCode}`;
  });
  subscribe("undici:request:trailers", (message) => end((message as { request: object }).request, () => {}));
  subscribe("undici:request:error", (message) => {
    const { request, error } = message as { request: object; error: Error & { code?: string } };
    // A text of the transport may repeat the address; its code does not.
    end(request, (span) => {
      span.error = error.code ?? error.name;
    });
  });
}

/** Every query and COPY of a step becomes a client span, named by what it does: neither its text nor its values. */
function traceQueries(out: Exporter): void {
  const open = new WeakMap<DatabaseCall, Span>();
  tracingChannel<DatabaseCall>(databaseChannel).subscribe({
    start(call) {
      const step = current.getStore();
      if (!step) return;
      open.set(call, {
        traceId: step.traceId,
        spanId: newSpanId(),
        parentSpanId: step.spanId,
        name: call.summary || call.operation || call.system,
        kind: "client",
        start: Date.now(),
        end: 0,
        attributes: {
          "db.system.name": call.system,
          "db.namespace": call.namespace,
          "server.address": call.address,
          ...(call.port === undefined ? {} : { "server.port": call.port }),
          ...(call.operation ? { "db.operation.name": call.operation } : {}),
          ...(call.summary ? { "db.query.summary": call.summary } : {}),
        },
      });
    },
    asyncEnd(call) {
      const span = open.get(call);
      if (!span) return;
      open.delete(call);
      // A message of a server may repeat values; its code does not.
      if (call.error) {
        const { code, name = "Error" } = call.error as { code?: string; name?: string };
        if (typeof code === "string" && /^[0-9A-Z]{5}$/.test(code)) span.attributes["db.response.status_code"] = code;
        span.attributes["error.type"] = span.error = code ?? name;
      }
      out.add({ ...span, end: Date.now() });
    },
  });
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** An address without user, query and fragment, and without the parts of its path that look like keys. */
export function safeUrl(url: URL): string {
  const path = url.pathname.split("/").map((part) => {
    const key =
      /^(bot)?\d{3,}:/.test(part) ||
      (part.length >= 20 && /\d/.test(part) && /[a-z]/i.test(part) && !uuid.test(part) && !part.includes("."));
    return key ? "REDACTED" : part;
  });
  return `${url.origin}${path.join("/")}`;
}
