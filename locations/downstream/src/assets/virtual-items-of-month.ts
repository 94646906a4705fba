import { databricksSql } from "@kc/connector-databricks";
import { asset, md, monthlyPartitions } from "@kc/runtime";
import { outputDir } from "../output-dir.ts";
import { explainMissing, tableOf } from "../table-of.ts";
import { writeJson } from "../write-json.ts";

interface Item {
  virtual_item: unknown;
  purchases: number;
  revenue: number;
}

/** The purchases of each month by item: `kc backfill downstream/virtual_items_of_month --missing` writes all months. */
export const virtualItemsOfMonth = asset({
  key: "downstream/virtual_items_of_month",
  deps: ["dbt_optimove/virtual_item_daily"],
  partitions: monthlyPartitions({ start: "2025-01-01", end: "2026-01-01" }),
  // One query reads a quarter as fast as a month.
  backfill: { chunks: 3 },
  group: "downstream",
  owners: ["team:downstream"],
  kinds: ["json"],
  description: "Purchases and revenue by virtual item, a JSON file for each month.",
  retry: { max: 2, delay: "2s", backoff: "exponential" },
  pool: "warehouse",
  resources: { warehouse: databricksSql, output: outputDir },
  async materialize({ resources, upstream, partitions, signal }) {
    const source = upstream[0]!;
    const { relation, dbtRunId } = tableOf(source);
    const { start, end } = partitions!.window!;
    const day = (instant: Date) => instant.toISOString().slice(0, 10);
    const { rows } = await resources.warehouse
      .execute(
        `select date_format(day, 'yyyy-MM-01') as month, virtual_item, sum(purchases) as purchases, sum(revenue) as revenue
         from ${relation} where day >= date '${day(start)}' and day < date '${day(end)}'
         group by date_format(day, 'yyyy-MM-01'), virtual_item order by month, revenue desc, virtual_item`,
        { signal },
      )
      .catch((error) => explainMissing(source, relation, error));
    const itemsOf = (month: string): Item[] =>
      rows
        .filter((row) => row[0] === month)
        .map(([, item, purchases, revenue]) => ({ virtual_item: item, purchases: Number(purchases), revenue: Number(revenue) }));
    const files: [string, number, number][] = [];
    for (const month of partitions!.keys) {
      const items = itemsOf(month);
      const file = await writeJson(resources.output, `virtual_items_${month}.json`, { month, dbt_run_id: dbtRunId, items });
      files.push([file, items.length, items.reduce((sum, one) => sum + one.revenue, 0)]);
    }
    return {
      metadata: {
        revenue: files.reduce((sum, [, , revenue]) => sum + revenue, 0),
        files: md.table(["file", "items", "revenue"], files),
      },
    };
  },
});
