import { z } from "zod";
import { httpAddress } from "../http-address.ts";

/** `telemetry:` of kc.yaml. */
export const telemetrySchema = z.strictObject({
  /** Base address of an OTLP/HTTP collector; absent: OTEL_EXPORTER_OTLP_ENDPOINT, and without it there are no traces. */
  otlp_endpoint: httpAddress.optional(),
});
export type TelemetrySettings = z.output<typeof telemetrySchema>;

/** `openlineage:` of kc.yaml. */
export const openLineageSchema = z.strictObject({
  /** The whole address events are posted to, as in http://localhost:5000/api/v1/lineage. */
  url: httpAddress,
  namespace: z.string().min(1).max(200).default("kc"),
  api_key: z.string().min(1).optional(),
});
export type OpenLineageSettings = z.output<typeof openLineageSchema>;
