import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { uuidOf } from "../src/lineage/run-events.ts";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { httpSink } from "./alert-sink.ts";
import { runEventSchema } from "./openlineage-schema.ts";
import { definitions, makeWorkspace, until } from "./workspace.ts";

describe("OpenLineage run events", () => {
  let sink: Awaited<ReturnType<typeof httpSink>>;
  let workspace: ReturnType<typeof makeWorkspace>;
  let instance: TestInstance;
  const events = () => sink.requests.slice(1).map(({ body }) => body);
  /** `job eventType` of every event. */
  const told = () => events().map(({ job, eventType }) => `${job.name} ${eventType}`);
  beforeAll(async () => {
    // The first event meets a server that is not ready: it comes again.
    sink = await httpSink((_, count) => (count === 1 ? { status: 503, headers: { "retry-after": "0" } } : { status: 201 }));
    workspace = makeWorkspace(
      {
        team: definitions(
          "team",
          `asset({ key: "raw", description: "As it came", owners: ["team:core"], materialize: () => ({ metadata: { row_count: 3, column_schema: md.json([{ name: "id", type: "int" }]) } }) }),
           asset({ key: "clean", deps: ["raw"], materialize: () => ({ metadata: { column_lineage: md.json({ id: [{ asset: "raw", column: "id" }] }) } }) }),
           multiAsset({ name: "pair", assets: [{ key: "left" }, { key: "right" }], materialize: ({ materialized }) => { materialized("left"); materialized("right"); } }),
           asset({ key: "fails", deps: ["clean"], materialize: () => { throw new Error("boom"); } })`,
          `import { assetCheck, md } from "${["@kc", "runtime"].join("/")}";`,
          `checks: [assetCheck({ asset: "clean", name: "ids", run: () => ({ passed: false, severity: "WARN", description: "2 are null" }) })]`,
        ),
      },
      `openlineage: { url: ${sink.url}/api/v1/lineage, namespace: tests, api_key: env:LINEAGE_KEY }\n`,
    );
    instance = await testInstance({ root: workspace.root, env: { LINEAGE_KEY: "s3cret-key" } });
  });
  afterAll(async () => {
    await instance.stop();
    workspace.remove();
    await sink.close();
  });

  test("tell a run and its steps from start to end, each valid, in order, once", async () => {
    const { runs } = await instance.materialize("raw+");
    await until(() => told().includes("team.materialize FAIL"));
    expect(told()).toEqual([
      "team.materialize START",
      "team.raw START",
      "team.raw COMPLETE",
      "team.clean START",
      "team.clean COMPLETE",
      "team.clean.checks START",
      "team.clean.checks COMPLETE",
      "team.fails START",
      "team.fails FAIL",
      "team.materialize FAIL",
    ]);
    for (const event of events()) {
      const parsed = runEventSchema.safeParse(event);
      expect(parsed.success ? "" : `${event.job.name}: ${parsed.error.message}`).toBe("");
    }
    for (const { path, headers } of sink.requests) {
      expect(path).toBe("/api/v1/lineage");
      expect(headers.authorization).toBe("Bearer s3cret-key");
    }
    const find = (job: string, type: string) => events().find((one) => one.job.name === job && one.eventType === type)!;
    const run = find("team.materialize", "START");
    expect(run.run.runId).toBe(uuidOf(`run:${runs[0]!.id}`));
    expect(run.run.facets.parent).toMatchObject({
      run: { runId: uuidOf(`request:${runs[0]!.requestId}`) },
      job: { namespace: "tests" },
    });

    const raw = find("team.raw", "COMPLETE");
    expect(raw.inputs).toEqual([]);
    expect(raw.outputs[0]).toMatchObject({
      namespace: "tests",
      name: "raw",
      facets: {
        documentation: { description: "As it came" },
        ownership: { owners: [{ name: "team:core" }] },
        schema: { fields: [{ name: "id", type: "int" }] },
      },
      outputFacets: { outputStatistics: { rowCount: 3 } },
    });
    expect(raw.run.facets.parent).toMatchObject({ run: { runId: run.run.runId }, root: { job: { name: "request" } } });

    const clean = find("team.clean", "COMPLETE");
    expect(clean.inputs.map((one: { name: string }) => one.name)).toEqual(["raw"]);
    expect(clean.outputs[0].facets.columnLineage.fields).toEqual({
      id: { inputFields: [{ namespace: "tests", name: "raw", field: "id" }] },
    });
    expect(find("team.clean.checks", "COMPLETE").inputs[0].inputFacets.dataQualityAssertions.assertions).toEqual([
      { assertion: "ids", success: false, severity: "warn", description: "2 are null" },
    ]);
    expect(find("team.fails", "FAIL").run.facets.errorMessage).toMatchObject({
      message: "boom",
      programmingLanguage: "TypeScript",
    });
    expect(find("team.materialize", "FAIL").run.facets.errorMessage.message).toContain("fails");
  });

  test("a step of two assets is one run with two outputs", async () => {
    const before = sink.requests.length;
    await instance.materialize("left or right");
    await until(() => sink.requests.length === before + 4);
    const pair = events().filter(({ job }) => job.name === "team.pair");
    expect(pair.map(({ eventType }) => eventType)).toEqual(["START", "COMPLETE"]);
    expect(pair[1].outputs.map((one: { name: string }) => one.name)).toEqual(["left", "right"]);
  });
});

test("an id is a UUID and the same for the same thing", () => {
  expect(uuidOf("run:1")).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(uuidOf("run:1")).toBe(uuidOf("run:1"));
  expect(uuidOf("run:1")).not.toBe(uuidOf("run:2"));
});
