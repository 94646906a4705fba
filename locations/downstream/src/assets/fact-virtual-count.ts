import { databricksSql } from "@kc/connector-databricks";
import { anyDepsUpdated, asset, md } from "@kc/runtime";
import { outputDir } from "../output-dir.ts";
import { explainMissing, tableOf } from "../table-of.ts";
import { writeJson } from "../write-json.ts";

const model = "dbt_optimove/stg_kaizen_wars__fact_virtual";

/** Counts the transformed fact table where it stands and writes the count, with the dbt run it comes from, to a JSON file. */
export const factVirtualCount = asset({
  key: "downstream/fact_virtual_count",
  deps: [model],
  group: "downstream",
  owners: ["team:downstream"],
  kinds: ["json"],
  description: "Row count of the transformed fact table as output/fact_virtual_count.json.",
  automation: anyDepsUpdated(),
  freshness: { maxAge: { warn: "2h", fail: "1d" } },
  retry: { max: 2, delay: "2s", backoff: "exponential" },
  resources: { warehouse: databricksSql, output: outputDir },
  async materialize({ resources, upstream, log, signal }) {
    const source = upstream[0]!;
    const { relation, dbtRunId } = tableOf(source);
    const { rows } = await resources.warehouse
      .execute(`select count(*) from ${relation}`, { signal })
      .catch((error) => explainMissing(source, relation, error));
    const count = Number(rows[0]![0]);
    const file = await writeJson(resources.output, "fact_virtual_count.json", {
      record_count: count,
      dbt_run_id: dbtRunId,
      relation,
      counted_at: new Date().toISOString(),
    });
    log.info(`${relation} has ${count} rows`);
    return { metadata: { record_count: count, dbt_run_id: dbtRunId, path: md.path(file) } };
  },
});
