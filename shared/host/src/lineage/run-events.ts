import { createHash } from "node:crypto";
import { iso, type MetadataValue, type Run, type StoredEvent, type WorkspaceGraph } from "@kc/runtime/internal";

// Run events of the OpenLineage standard 2-0-2: https://openlineage.io/docs/spec/object-model. A run of kc is a job's run, its
// request the parent; each step is a job of its own below it, so that its inputs and outputs are exact.

const spec = "https://openlineage.io/spec";
const producer = "https://github.com/kc/kc";

/** Facets used here: where each stands in the published schemas. */
const facetPaths = {
  parent: "facets/1-2-0/ParentRunFacet.json#/$defs/ParentRunFacet",
  errorMessage: "facets/1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet",
  nominalTime: "facets/1-0-1/NominalTimeRunFacet.json#/$defs/NominalTimeRunFacet",
  jobType: "facets/2-0-4/JobTypeJobFacet.json#/$defs/JobTypeJobFacet",
  ownership: "facets/1-0-1/OwnershipDatasetFacet.json#/$defs/OwnershipDatasetFacet",
  documentation: "facets/1-1-0/DocumentationDatasetFacet.json#/$defs/DocumentationDatasetFacet",
  schema: "facets/1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet",
  columnLineage: "facets/1-2-0/ColumnLineageDatasetFacet.json#/$defs/ColumnLineageDatasetFacet",
  outputStatistics: "facets/1-0-2/OutputStatisticsOutputDatasetFacet.json#/$defs/OutputStatisticsOutputDatasetFacet",
  dataQualityAssertions: "facets/1-1-0/DataQualityAssertionsDatasetFacet.json#/$defs/DataQualityAssertionsDatasetFacet",
} as const;
type FacetName = keyof typeof facetPaths;

export interface LineageEvent {
  eventType: "START" | "COMPLETE" | "FAIL" | "ABORT";
  eventTime: string;
  producer: string;
  schemaURL: string;
  run: { runId: string; facets: Record<string, unknown> };
  job: { namespace: string; name: string; facets: Record<string, unknown> };
  inputs: Dataset[];
  outputs: Dataset[];
}
interface Dataset {
  namespace: string;
  name: string;
  facets?: Record<string, unknown>;
  inputFacets?: Record<string, unknown>;
  outputFacets?: Record<string, unknown>;
}

const facet = (name: FacetName, values: Record<string, unknown>): Record<string, unknown> => ({
  [name]: { _producer: producer, _schemaURL: `${spec}/${facetPaths[name]}`, ...values },
});

/** A UUID (version 8, our own making) that is the same for the same thing: the standard wants runs named so. */
export function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  const variant = ((Number.parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const jobOfRun = (run: Run): string =>
  `${run.location}.${run.tags["kc/job"] ?? run.tags["kc/schedule"] ?? run.tags["kc/sensor"] ?? "materialize"}`;
const ends = { succeeded: "COMPLETE", failed: "FAIL", cancelled: "ABORT" } as const;

export interface LineageFacts {
  namespace: string;
  graph: WorkspaceGraph;
  run: Run;
  /** Of a step that ended: all events of the step in this run. */
  stepEvents: readonly StoredEvent[];
}

/** What an event of the log is in OpenLineage: none, one, or a few. Pure. */
export function lineageOf(event: StoredEvent, facts: LineageFacts): LineageEvent[] {
  const { run, namespace } = facts;
  const base = { eventTime: iso(event.at), producer, schemaURL: `${spec}/2-0-2/OpenLineage.json#/$defs/RunEvent` };
  const request = { run: { runId: uuidOf(`request:${run.requestId}`) }, job: { namespace, name: "request" } };
  const runRef = { run: { runId: uuidOf(`run:${run.id}`) }, job: { namespace, name: jobOfRun(run) } };
  const job = (name: string, jobType: string) => ({
    namespace,
    name,
    facets: facet("jobType", { processingType: "BATCH", integration: "KC", jobType }),
  });

  const ended = /^run_(succeeded|failed|cancelled)$/.exec(event.type)?.[1] as keyof typeof ends | undefined;
  if (ended || event.type === "run_started") {
    const due = run.tags["kc/scheduled_at"];
    const facets = {
      ...facet("parent", request),
      ...(due && !Number.isNaN(Date.parse(due)) ? facet("nominalTime", { nominalStartTime: iso(Date.parse(due)) }) : {}),
      ...(ended === "failed" ? errorFacet(event.message ?? run.reason ?? "the run failed") : {}),
    };
    const eventType = ended ? ends[ended] : "START";
    return [{ eventType, ...base, run: { ...runRef.run, facets }, job: job(jobOfRun(run), "JOB"), inputs: [], outputs: [] }];
  }

  const step = run.plan.steps.find((one) => one.key === event.step);
  if (!step) return [];
  const name = `${run.location}.${step.name}`;
  const stepRun = (kind: string) => ({ runId: uuidOf(`${kind}:${run.id}:${step.key}`) });
  const parent = facet("parent", { ...runRef, root: request });
  if (event.type === "step_started") {
    if ((event.attempt ?? 1) > 1) return [];
    const started = { eventType: "START" as const, ...base, run: { ...stepRun("step"), facets: parent }, job: job(name, "STEP") };
    return [{ ...started, ...datasets(facts, step.assets, false) }];
  }
  const failed = facts.stepEvents.find((one) => one.type === "step_failed");
  const error = failed?.error
    ? errorFacet(failed.error.message, failed.error.stack)
    : failed
      ? errorFacet("the step failed")
      : {};
  const events: LineageEvent[] = [
    {
      eventType: failed ? (run.status === "cancelling" || run.status === "cancelled" ? "ABORT" : "FAIL") : "COMPLETE",
      ...base,
      run: { ...stepRun("step"), facets: { ...parent, ...error } },
      job: job(name, "STEP"),
      ...datasets(facts, step.assets, true),
    },
  ];
  const checked = assertions(facts);
  // Assertions are facets of what a job reads: the checks are a job that reads the assets.
  if (checked.length > 0)
    for (const eventType of ["START", "COMPLETE"] as const)
      events.push({
        eventType,
        ...base,
        run: { ...stepRun("checks"), facets: parent },
        job: job(`${name}.checks`, "CHECKS"),
        inputs: eventType === "START" ? checked.map(({ namespace, name }) => ({ namespace, name })) : checked,
        outputs: [],
      });
  return events;
}

const errorFacet = (message: string, stack?: string): Record<string, unknown> =>
  facet("errorMessage", {
    message: message.slice(0, 4_000),
    programmingLanguage: "TypeScript",
    ...(stack ? { stackTrace: stack.slice(0, 8_000) } : {}),
  });

/** What the step reads (dependencies it does not make itself) and makes. */
function datasets({ graph, namespace, stepEvents }: LineageFacts, assets: readonly string[], ended: boolean) {
  const own = new Set(assets);
  const deps = [...new Set(assets.flatMap((key) => graph.assets.get(key)?.deps ?? []))].filter((key) => !own.has(key));
  return {
    inputs: deps.map((key): Dataset => ({ namespace, name: key, facets: described(graph, key) })),
    outputs: assets.map((key): Dataset => {
      const made = ended
        ? stepEvents.findLast((one) => one.type === "materialization" && one.asset === key)?.metadata
        : undefined;
      const rows = rowCount(made);
      return {
        namespace,
        name: key,
        facets: { ...described(graph, key), ...schemaFacet(made), ...columnLineage(namespace, made) },
        outputFacets: rows === undefined ? {} : facet("outputStatistics", { rowCount: rows }),
      };
    }),
  };
}

function described(graph: WorkspaceGraph, key: string): Record<string, unknown> {
  const node = graph.assets.get(key);
  return {
    ...(node?.description ? facet("documentation", { description: node.description }) : {}),
    ...(node && node.owners.length > 0 ? facet("ownership", { owners: node.owners.map((name) => ({ name })) }) : {}),
  };
}

type Made = Readonly<Record<string, MetadataValue>> | undefined;
const listOf = (value: unknown): Record<string, unknown>[] =>
  (Array.isArray(value) ? value : []).filter((one): one is Record<string, unknown> => typeof one === "object" && one !== null);

/** Metadata of the name, or of the type (a typed value may have any name). */
const known = (made: Made, name: string): unknown =>
  made?.[name]?.value ?? Object.values(made ?? {}).find((one) => (one.type as string) === name)?.value;

function rowCount(made: Made): number | undefined {
  const rows = known(made, "row_count") ?? known(made, "record_count") ?? known(made, "rows");
  return typeof rows === "number" && Number.isSafeInteger(rows) && rows >= 0 ? rows : undefined;
}

/** From `column_schema`: a list of {name, type?, description?}. */
function schemaFacet(made: Made): Record<string, unknown> {
  const value = known(made, "column_schema");
  const columns = listOf(Array.isArray(value) ? value : (value as { columns?: unknown } | undefined)?.columns);
  const fields = columns.flatMap(({ name, type, description }) =>
    typeof name === "string"
      ? [{ name, ...(typeof type === "string" ? { type } : {}), ...(typeof description === "string" ? { description } : {}) }]
      : [],
  );
  return fields.length > 0 ? facet("schema", { fields }) : {};
}

/** From `column_lineage`: by column, a list of {asset, column}. */
function columnLineage(namespace: string, made: Made): Record<string, unknown> {
  const value = known(made, "column_lineage");
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  const fields = Object.entries(value).flatMap(([column, from]) => {
    const inputFields = listOf(from).flatMap(({ asset, column: field }) =>
      typeof asset === "string" && typeof field === "string" ? [{ namespace, name: asset, field }] : [],
    );
    return inputFields.length > 0 ? [[column, { inputFields }] as const] : [];
  });
  return fields.length > 0 ? facet("columnLineage", { fields: Object.fromEntries(fields) }) : {};
}

function assertions({ namespace, stepEvents }: LineageFacts): Dataset[] {
  const results = stepEvents.filter((one) => one.type === "check_result" && one.asset && one.check);
  return [...Map.groupBy(results, (one) => one.asset!)].map(([name, events]) => ({
    namespace,
    name,
    inputFacets: facet("dataQualityAssertions", {
      assertions: events.map(({ check }) => ({
        assertion: check!.name,
        success: check!.passed,
        severity: check!.severity === "ERROR" ? "error" : "warn",
        ...(check!.description ? { description: check!.description } : {}),
      })),
    }),
  }));
}
