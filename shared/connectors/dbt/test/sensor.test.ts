import type { Manifest, RunResults } from "@kc/dbt";
import { beforeAll, describe, expect, test } from "vitest";
import type { CloudRun, RunFilter } from "../src/client.ts";
import { poll } from "../src/sensor.ts";
import { type Translation, translate } from "../src/translator.ts";
import { projectManifest } from "./project-manifest.ts";

const model = "model.dbt_optimove.virtual_item_daily";
const key = "dbt_optimove/virtual_item_daily";
let manifest: Manifest;
let translation: Translation;
beforeAll(async () => {
  manifest = await projectManifest();
  translation = translate(manifest, { keyPrefix: "package" });
});

const log = { debug() {}, info() {}, warn() {}, error() {} };
const start = Date.parse("2026-01-01T00:00:00Z");
const at = (second: number) => new Date(start + second * 1_000);
const wire = (second: number) => at(second).toISOString().replace("T", " ").replace("Z", "000+00:00");
const run = (id: number, second: number, more: Partial<CloudRun> = {}): CloudRun => ({
  id,
  job_definition_id: 1,
  project_id: 1,
  environment_id: 1,
  status: 10,
  finished_at: wire(second),
  trigger: { cause: "a person" },
  job: { name: "nightly" },
  ...more,
});
const results = (status = "success"): RunResults => ({
  metadata: {},
  elapsed_time: 1,
  args: {},
  results: [
    { unique_id: model, status, timing: [], execution_time: 1, adapter_response: {}, message: null, failures: null } as never,
  ],
});

/** An account with these runs; the API's filter, order and paging are applied as the vendor does. */
function account(runs: CloudRun[], artifacts: (id: number) => RunResults | undefined) {
  const finished = (item: CloudRun) => Date.parse(item.finished_at!.replace(" ", "T"));
  return {
    runs: async ({ finished: range, limit = 100, offset = 0 }: RunFilter = {}) =>
      runs
        .filter((item) => finished(item) >= range!.from.getTime() && finished(item) <= range!.to.getTime())
        .sort((a, b) => finished(a) - finished(b) || a.id - b.id)
        .slice(offset, offset + limit),
    artifact: async <T>(id: number, path: string) => (path === "run_results.json" ? artifacts(id) : manifest) as T | undefined,
  };
}

async function look(client: ReturnType<typeof account>, cursor: string | undefined, second: number) {
  const { events, cursor: next } = await poll(
    { client, projectId: "1", environmentId: "1", now: at(second), log, translation, manifest },
    cursor,
  );
  return { next, ids: events.map((event) => String(event.metadata?.run_id)), events };
}

describe("the polling sensor", () => {
  test("loses no run: 250 runs, three of them without results in the middle of a page", async () => {
    const runs = Array.from({ length: 250 }, (_, index) => run(index + 1, Math.floor(index / 3)));
    const client = account(runs, (id) => ([40, 41, 42].includes(id) ? undefined : results()));
    let cursor: string | undefined = JSON.stringify({ finishedAt: at(0).toISOString(), seen: [] });
    const reported: string[] = [];
    for (let tick = 0; tick < 4; tick++) {
      const found = await look(client, cursor, 600 + tick);
      reported.push(...found.ids);
      cursor = found.next;
    }
    expect(reported.map(Number)).toEqual(runs.map((item) => item.id).filter((id) => ![40, 41, 42].includes(id)));
  });

  test("a run is reported once, also when it ended at the same instant as the last one", async () => {
    const runs = [run(1, 10)];
    const client = account(runs, () => results());
    const first = await look(client, undefined, 20);
    runs.push(run(2, 10));
    const second = await look(client, first.next, 30);
    expect([first.ids, second.ids, (await look(client, second.next, 40)).ids]).toEqual([["1"], ["2"], []]);
  });

  test("runs that kc triggered are left out, by their mark or their job", async () => {
    const client = account(
      [
        run(1, 1, { trigger: { cause: "kc run 5 [kc:00000000-0000-4000-8000-000000000000]" } }),
        run(2, 2, { job: { name: "KC_ADHOC__A__B" } }),
        run(3, 3),
      ],
      () => results(),
    );
    expect((await look(client, undefined, 20)).ids).toEqual(["3"]);
  });

  test("a young run whose artifacts are not there yet is looked at again, and others are not held up", async () => {
    let there = false;
    const client = account([run(1, 10), run(2, 11)], (id) => (id === 1 && !there ? undefined : results()));
    const first = await look(client, undefined, 20);
    there = true;
    expect([first.ids, (await look(client, first.next, 30)).ids]).toEqual([["2"], ["1"]]);
  });

  test("failed tests are reported as failed checks, skipped nodes as nothing, unknown ids do no harm", async () => {
    const testId = Object.values(manifest.nodes).find((item) => item.name === "not_null_virtual_item_daily_day")!.unique_id;
    const found: RunResults = {
      ...results("skipped"),
      results: [
        ...results("skipped").results,
        { ...results("fail").results[0]!, unique_id: testId, status: "fail", failures: 3, message: "Got 3 results" },
        { ...results().results[0]!, unique_id: "model.dbt_optimove.brand_new" },
      ],
    };
    const { events } = await look(
      account([run(1, 1, { status: 20 })], () => found),
      undefined,
      20,
    );
    expect(events).toEqual([
      expect.objectContaining({
        type: "check",
        asset: key,
        name: "not_null_virtual_item_daily_day",
        passed: false,
        severity: "ERROR",
        description: "Got 3 results",
      }),
    ]);
  });

  test("a broken cursor starts from now instead of failing for ever", async () => {
    expect(
      (
        await look(
          account([], () => undefined),
          "{",
          5,
        )
      ).ids,
    ).toEqual([]);
  });
});
