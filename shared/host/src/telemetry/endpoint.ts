/** Where traces go: kc.yaml, else the standard's variable; undefined: nowhere. */
export const tracesEndpoint = (
  setting: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined =>
  env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ||
  ((base) => (base ? `${base.replace(/\/$/, "")}/v1/traces` : undefined))(setting ?? env.OTEL_EXPORTER_OTLP_ENDPOINT);
