import { z } from "zod";

// The part of the OpenLineage 2-0-2 schemas that kc writes, put down from the published specification
// (https://openlineage.io/apidocs/openapi, facets under https://openlineage.io/spec/facets). No package of the registry ships
// the schema files. Objects are strict where the published ones are open: kc writes nothing that is not in them.

const uri = z.url();
const base = { _producer: uri, _schemaURL: uri };
const facet = (file: string, name: string, fields: z.ZodRawShape) =>
  z.strictObject({
    ...base,
    _schemaURL: z.literal(`https://openlineage.io/spec/facets/${file}/${name}.json#/$defs/${name}`),
    ...fields,
  });
const runRef = z.strictObject({ runId: z.uuid() });
const jobRef = z.strictObject({ namespace: z.string().min(1), name: z.string().min(1) });

const runFacets = z.strictObject({
  parent: facet("1-2-0", "ParentRunFacet", {
    run: runRef,
    job: jobRef,
    root: z.strictObject({ run: runRef, job: jobRef }).optional(),
  }).optional(),
  errorMessage: facet("1-0-1", "ErrorMessageRunFacet", {
    message: z.string(),
    programmingLanguage: z.string(),
    stackTrace: z.string().optional(),
  }).optional(),
  nominalTime: facet("1-0-1", "NominalTimeRunFacet", {
    nominalStartTime: z.iso.datetime(),
    nominalEndTime: z.iso.datetime().optional(),
  }).optional(),
});
const jobFacets = z.strictObject({
  jobType: facet("2-0-4", "JobTypeJobFacet", {
    processingType: z.enum(["BATCH", "STREAMING"]),
    integration: z.string(),
    jobType: z.string().optional(),
  }),
});
const datasetFacets = z.strictObject({
  documentation: facet("1-1-0", "DocumentationDatasetFacet", { description: z.string() }).optional(),
  ownership: facet("1-0-1", "OwnershipDatasetFacet", { owners: z.array(z.strictObject({ name: z.string() })) }).optional(),
  schema: facet("1-2-0", "SchemaDatasetFacet", {
    fields: z.array(z.strictObject({ name: z.string(), type: z.string().optional(), description: z.string().optional() })),
  }).optional(),
  columnLineage: facet("1-2-0", "ColumnLineageDatasetFacet", {
    fields: z.record(
      z.string(),
      z.strictObject({ inputFields: z.array(z.strictObject({ namespace: z.string(), name: z.string(), field: z.string() })) }),
    ),
  }).optional(),
});
const dataset = { namespace: z.string().min(1), name: z.string().min(1), facets: datasetFacets.optional() };

export const runEventSchema = z.strictObject({
  eventType: z.enum(["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]),
  eventTime: z.iso.datetime(),
  producer: uri,
  schemaURL: z.literal("https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"),
  run: z.strictObject({ runId: z.uuid(), facets: runFacets }),
  job: z.strictObject({ ...jobRef.shape, facets: jobFacets }),
  inputs: z.array(
    z.strictObject({
      ...dataset,
      inputFacets: z
        .strictObject({
          dataQualityAssertions: facet("1-1-0", "DataQualityAssertionsDatasetFacet", {
            assertions: z.array(
              z.strictObject({
                assertion: z.string(),
                success: z.boolean(),
                severity: z.string().optional(),
                column: z.string().optional(),
                description: z.string().optional(),
              }),
            ),
          }),
        })
        .optional(),
    }),
  ),
  outputs: z.array(
    z.strictObject({
      ...dataset,
      outputFacets: z
        .strictObject({
          outputStatistics: facet("1-0-2", "OutputStatisticsOutputDatasetFacet", { rowCount: z.number().int() }).optional(),
        })
        .optional(),
    }),
  ),
});
