import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { safeUrl } from "../src/code-server/tracing.ts";
import { tracesEndpoint } from "../src/telemetry/endpoint.ts";
import { otlpExporter, runSpanIdOf, traceIdOf } from "../src/telemetry/otlp.ts";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { httpSink } from "./alert-sink.ts";
import { definitions, makeWorkspace, until } from "./workspace.ts";

interface SentSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: { stringValue?: string; intValue?: string } }[];
  status: { code?: number; message?: string };
}
const spansOf = (sink: Awaited<ReturnType<typeof httpSink>>): SentSpan[] =>
  sink.requests.flatMap(({ body }) =>
    body.resourceSpans.flatMap((one: { scopeSpans: { spans: SentSpan[] }[] }) => one.scopeSpans.flatMap(({ spans }) => spans)),
  );
const attribute = (span: SentSpan, key: string) => {
  const value = span.attributes.find((one) => one.key === key)?.value;
  return value?.stringValue ?? value?.intValue;
};

describe("a traced run", () => {
  let collector: Awaited<ReturnType<typeof httpSink>>;
  let vendor: Awaited<ReturnType<typeof httpSink>>;
  let workspace: ReturnType<typeof makeWorkspace>;
  let instance: TestInstance;
  beforeAll(async () => {
    collector = await httpSink();
    vendor = await httpSink(({ path }) => (path.startsWith("/bad") ? { status: 500 } : undefined));
    workspace = makeWorkspace(
      {
        team: definitions(
          "team",
          `asset({ key: "calls", materialize: async () => { await (await fetch("${vendor.url}/api/2.0/sql/k3yk3yk3yk3yk3yk3yk3yk3y?token=s3cret")).text(); } }),
           asset({ key: "fails", deps: ["calls"], materialize: async () => { await (await fetch("${vendor.url}/bad", { method: "POST" })).text(); throw new Error("boom"); } })`,
        ),
      },
      `telemetry: { otlp_endpoint: ${collector.url} }\n`,
    );
    instance = await testInstance({ root: workspace.root, env: { OTEL_EXPORTER_OTLP_HEADERS: "Authorization=Bearer%20abc" } });
  });
  afterAll(async () => {
    await instance.stop();
    workspace.remove();
    await collector.close();
    await vendor.close();
  });

  test("is a span, its steps below it, their calls below them, and the vendor gets the call's id", async () => {
    const { runs } = await instance.materialize("calls+");
    const { requestId, id } = runs[0]!;
    const spans = await until(() => {
      const found = spansOf(collector);
      return found.length >= 5 && found;
    });
    const named = (name: string) => spans.find((span) => span.name === name)!;
    const run = named("run team");
    expect(run).toMatchObject({ traceId: traceIdOf(requestId), spanId: runSpanIdOf(id), kind: 1, status: { code: 2 } });
    expect(run.parentSpanId).toBeUndefined();
    expect(attribute(run, "kc.run.status")).toBe("failed");
    const [calls, fails] = [named("step calls"), named("step fails")];
    expect(calls).toMatchObject({ traceId: run.traceId, parentSpanId: run.spanId, status: {} });
    expect(fails).toMatchObject({ parentSpanId: run.spanId, status: { code: 2, message: "boom" } });
    expect(attribute(calls, "kc.assets")).toBe("calls");
    const host = new URL(vendor.url).host;
    const got = named(`GET ${host}`);
    expect(got).toMatchObject({ traceId: run.traceId, parentSpanId: calls.spanId, kind: 3, status: {} });
    expect(attribute(got, "http.response.status_code")).toBe("200");
    expect(attribute(got, "url.full")).toBe(`${vendor.url}/api/2.0/sql/REDACTED`);
    expect(named(`POST ${host}`)).toMatchObject({ parentSpanId: fails.spanId, status: { code: 2, message: "HTTP 500" } });
    expect(vendor.requests[0]!.headers.traceparent).toBe(`00-${run.traceId}-${got.spanId}-01`);
    expect(JSON.stringify(spans)).not.toContain("s3cret");
    for (const span of spans) expect(BigInt(span.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(span.startTimeUnixNano));
    expect(BigInt(got.startTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(calls.startTimeUnixNano));
    for (const { path, headers } of collector.requests) {
      expect(path).toBe("/v1/traces");
      expect(headers.authorization).toBe("Bearer abc");
    }
  });
});

describe("queries of a traced run", () => {
  test("are client spans of their step, with OpenTelemetry's attributes of databases and no value", async () => {
    const collector = await httpSink();
    const instance = await testInstance({ only: ["ingestion"], env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } });
    const { runs } = await instance.materialize("csv_customers");
    expect(runs[0]!.status).toBe("succeeded");
    const spans = await until(() => {
      const found = spansOf(collector);
      return found.some(({ name }) => name === "run ingestion") && found;
    });
    const step = spans.find(({ name }) => name === "step csv_customers")!;
    const queries = spans.filter((span) => attribute(span, "db.system.name"));
    expect(queries.length).toBeGreaterThan(3);
    for (const query of queries) {
      expect(query).toMatchObject({ traceId: step.traceId, parentSpanId: step.spanId, kind: 3, status: {} });
      expect([query.name, attribute(query, "db.system.name"), attribute(query, "db.namespace")]).toEqual([
        attribute(query, "db.query.summary"),
        "postgresql",
        "postgres",
      ]);
      expect(attribute(query, "server.address")).toBeTruthy();
      expect(BigInt(query.startTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(step.startTimeUnixNano));
      expect(BigInt(query.endTimeUnixNano)).toBeLessThanOrEqual(BigInt(step.endTimeUnixNano));
    }
    const copy = queries.find((span) => attribute(span, "db.operation.name") === "COPY")!;
    expect(copy.name).toBe("COPY public.__stg_*");
    const made = ["BEGIN", "CREATE TABLE public.__stg_*", copy.name, "INSERT public._kc_loads", "COMMIT"];
    expect(queries.map(({ name }) => name)).toEqual(expect.arrayContaining(made));
    await instance.stop();
    await collector.close();
  });
  test("that fail have the database's code, not its message, which may repeat a value", async () => {
    const collector = await httpSink();
    const call = { system: "postgresql", summary: "INSERT orders", namespace: "shop", address: "/run/postgresql" };
    const workspace = makeWorkspace({
      team: definitions(
        "team",
        `asset({ key: "queries", async materialize() {
          const fail = (error) => tracingChannel(databaseChannel).tracePromise(() => Promise.reject(error), ${JSON.stringify(call)}).catch(() => undefined);
          await fail(Object.assign(new Error("Key (email)=(me@example.com) exists"), { code: "23505" }));
          await fail(Object.assign(new Error("connect me@example.com"), { code: "ECONNRESET" }));
        } })`,
        `import { tracingChannel } from "node:diagnostics_channel"; import { databaseChannel } from "@kc/runtime";`,
      ),
    });
    const instance = await testInstance({ root: workspace.root, env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } });
    expect((await instance.materialize("queries")).runs[0]!.status).toBe("succeeded");
    const spans = await until(() => spansOf(collector).length >= 4 && spansOf(collector));
    const queries = spans.filter((span) => attribute(span, "db.system.name"));
    expect(
      queries.map((span) => [span.name, attribute(span, "error.type"), attribute(span, "db.response.status_code"), span.status]),
    ).toEqual([
      ["INSERT orders", "23505", "23505", { code: 2, message: "23505" }],
      ["INSERT orders", "ECONNRESET", undefined, { code: 2, message: "ECONNRESET" }],
    ]);
    expect(attribute(queries[0]!, "server.port")).toBeUndefined();
    expect(JSON.stringify(spans)).not.toContain("me@example.com");
    await instance.stop();
    workspace.remove();
    await collector.close();
  });
});

describe("where traces go", () => {
  test("to kc.yaml's endpoint, else the standard's variables, else nowhere", () => {
    expect(tracesEndpoint(undefined, {})).toBeUndefined();
    expect(tracesEndpoint("http://a:1/", { OTEL_EXPORTER_OTLP_ENDPOINT: "http://b:2" })).toBe("http://a:1/v1/traces");
    expect(tracesEndpoint(undefined, { OTEL_EXPORTER_OTLP_ENDPOINT: "http://b:2" })).toBe("http://b:2/v1/traces");
    expect(tracesEndpoint(undefined, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://c:3/x" })).toBe("http://c:3/x");
  });
  test("addresses keep neither user, query nor keys in their path", () => {
    expect(safeUrl(new URL("https://u:p@h.example/a/b?token=x#y"))).toBe("https://h.example/a/b");
    expect(safeUrl(new URL("https://h/bot123:abc/sendMessage"))).toBe("https://h/REDACTED/sendMessage");
    expect(safeUrl(new URL("https://h/s/01ef0000-1111-2222-3333-444455556666/r"))).toContain("01ef0000-1111");
  });
  test("a collector that is away costs nothing but a line, and what waits is bounded", async () => {
    const lines: string[] = [];
    const exporter = otlpExporter({
      endpoint: "http://127.0.0.1:9/v1/traces",
      headers: undefined,
      resource: {},
      report: (line) => lines.push(line),
    });
    const span = {
      traceId: "a".repeat(32),
      spanId: "b".repeat(16),
      name: "x",
      kind: "internal" as const,
      start: 0,
      end: 1,
      attributes: {},
    };
    for (let index = 0; index < 10_000; index++) exporter.add(span);
    await exporter.flush(10);
    expect(lines).toEqual(["traces: spans are lost: more than 4096 wait"]);
  });
});
