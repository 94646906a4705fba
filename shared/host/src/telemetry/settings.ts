import { z } from "zod";

const httpUrl = z.url({ protocol: /^https?$/, error: "is not an http(s) address" });

/** `telemetry:` of kc.yaml. */
export const telemetrySchema = z.strictObject({
  /** Base address of an OTLP/HTTP collector; absent: OTEL_EXPORTER_OTLP_ENDPOINT, and without it there are no traces. */
  otlp_endpoint: httpUrl.optional(),
});
export type TelemetrySettings = z.output<typeof telemetrySchema>;

/** `openlineage:` of kc.yaml. */
export const openLineageSchema = z.strictObject({
  /** The whole address events are posted to, as in http://localhost:5000/api/v1/lineage. */
  url: httpUrl,
  namespace: z.string().min(1).max(200).default("kc"),
  api_key: z.string().min(1).optional(),
});
export type OpenLineageSettings = z.output<typeof openLineageSchema>;
