import type { Metadata, Protocol } from "./actions.ts";
import { LakehouseError } from "./errors.ts";

const readable = new Set(["timestampNtz", "vacuumProtocolCheck"]);
const writable = new Set(["appendOnly", "invariants", "timestampNtz", "vacuumProtocolCheck", "changeDataFeed"]);

/** What a table without special features needs; every Delta reader and writer knows it. */
export const plainProtocol: Protocol = { minReaderVersion: 1, minWriterVersion: 2 };

/** The protocol that a table needs for its schema: a column without time zone (timestamp_ntz) is a feature of its own, every other table stays plain. */
export function protocolFor(protocol: Protocol, metadata: Metadata, where: string): Protocol {
  const has = protocol.readerFeatures?.includes("timestampNtz") && protocol.writerFeatures?.includes("timestampNtz");
  if (has || !metadata.schemaString.includes('"timestamp_ntz"')) return protocol;
  if (protocol.minWriterVersion > 2 && protocol.minWriterVersion < 7)
    refuse(`writer version ${protocol.minWriterVersion} together with timestamp_ntz`, where, "write");
  const writerFeatures = protocol.minWriterVersion === 7 ? (protocol.writerFeatures ?? []) : ["appendOnly", "invariants"];
  const readerFeatures = protocol.readerFeatures ?? [];
  return {
    minReaderVersion: 3,
    minWriterVersion: 7,
    readerFeatures: [...readerFeatures, "timestampNtz"],
    writerFeatures: [...writerFeatures, "timestampNtz"],
  };
}

/** Refuses, by the feature's name, a table that this code would read wrongly. */
export function assertReadable(protocol: Protocol, metadata: Metadata, where: string): void {
  if (protocol.minReaderVersion > 3) refuse(`reader version ${protocol.minReaderVersion}`, where, "read");
  if (protocol.minReaderVersion === 3) {
    for (const feature of protocol.readerFeatures ?? [])
      if (!readable.has(feature)) refuse(`feature "${feature}"`, where, "read");
  }
  const mapping = metadata.configuration["delta.columnMapping.mode"] ?? "none";
  if (mapping !== "none") refuse(`feature "columnMapping" (mode ${mapping})`, where, "read");
  if (metadata.format.provider !== "parquet") refuse(`the file format "${metadata.format.provider}"`, where, "read");
}

/** Refuses, by the feature's name, a table whose rules this code would break by writing. */
export function assertWritable(protocol: Protocol, metadata: Metadata, where: string, changesRows: boolean): void {
  assertReadable(protocol, metadata, where);
  const version = protocol.minWriterVersion;
  if (version > 7) refuse(`writer version ${version}`, where, "write");
  if (version === 7) {
    for (const feature of protocol.writerFeatures ?? [])
      if (!writable.has(feature)) refuse(`feature "${feature}"`, where, "write");
  }
  const configuration = metadata.configuration;
  const constraint = Object.keys(configuration).find((key) => key.startsWith("delta.constraints."));
  if (constraint !== undefined) refuse(`feature "checkConstraints" (${constraint})`, where, "write");
  for (const [mark, feature] of [
    ["delta.invariants", "invariants"],
    ["delta.generationExpression", "generatedColumns"],
    ["delta.identity.", "identityColumns"],
  ] as const) {
    if (metadata.schemaString.includes(`"${mark}`)) refuse(`feature "${feature}"`, where, "write");
  }
  if (configuration["delta.enableInCommitTimestamps"] === "true") refuse(`feature "inCommitTimestamp"`, where, "write");
  if (!changesRows) return;
  if (configuration["delta.appendOnly"] === "true") {
    throw new LakehouseError("APPEND_ONLY", "The table is append-only: its rows can be neither changed nor deleted.", {
      where,
      hint: "Unset the table property delta.appendOnly first.",
    });
  }
  if (configuration["delta.enableChangeDataFeed"] === "true") refuse(`feature "changeDataFeed" (row changes)`, where, "write");
}

function refuse(what: string, where: string, verb: "read" | "write"): never {
  throw new LakehouseError("UNSUPPORTED_FEATURE", `The Delta table uses ${what}, which this ${verb}er does not support.`, {
    where,
  });
}
