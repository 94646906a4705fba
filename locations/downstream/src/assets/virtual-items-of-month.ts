import { databricksSql } from "@kc/connector-databricks";
import { asset, md, monthlyPartitions } from "@kc/runtime";
import { outputDir } from "../output-dir.ts";
import { explainMissing, tableOf } from "../table-of.ts";
import { writeJson } from "../write-json.ts";

/** The purchases of each month by item: `kc backfill downstream/virtual_items_of_month --missing` writes all months. */
export const virtualItemsOfMonth = asset({
  key: "downstream/virtual_items_of_month",
  deps: ["dbt_optimove/virtual_item_daily"],
  partitions: monthlyPartitions({ start: "2025-01-01", end: "2026-01-01" }),
  group: "downstream",
  owners: ["team:downstream"],
  kinds: ["json"],
  description: "Purchases and revenue by virtual item, a JSON file for each month.",
  retry: { max: 2, delay: "2s", backoff: "exponential" },
  resources: { warehouse: databricksSql, output: outputDir },
  async materialize({ resources, upstream, partition, partitions, signal }) {
    const source = upstream[0]!;
    const { relation, dbtRunId } = tableOf(source);
    const { start, end } = partitions!.window!;
    const day = (instant: Date) => instant.toISOString().slice(0, 10);
    const { rows } = await resources.warehouse
      .execute(
        `select virtual_item, sum(purchases) as purchases, sum(revenue) as revenue from ${relation}
         where day >= date '${day(start)}' and day < date '${day(end)}' group by virtual_item order by revenue desc, virtual_item`,
        { signal },
      )
      .catch((error) => explainMissing(source, relation, error));
    const items = rows.map(([item, purchases, revenue]) => ({
      virtual_item: item,
      purchases: Number(purchases),
      revenue: Number(revenue),
    }));
    const file = await writeJson(resources.output, `virtual_items_${partition}.json`, {
      month: partition,
      dbt_run_id: dbtRunId,
      items,
    });
    return { metadata: { items: items.length, revenue: items.reduce((sum, one) => sum + one.revenue, 0), path: md.path(file) } };
  },
});
