import { databricks } from "@kc/connector-databricks";
import { postgres } from "@kc/connector-postgres";
import { type AssetCheckDefinition, assetCheck, notNullCheck, uniqueCheck } from "@kc/runtime";

/** Tables in PostgreSQL by their asset, each with the column that identifies a row. */
const tables = {
  csv_fact_virtual: { table: "public.fact_virtual", key: "id" },
  csv_customers: { table: "public.customers", key: "id" },
  csv_orders: { table: "public.orders", key: "id" },
  csv_payments: { table: "public.payments", key: "id" },
} as const;

const keys = Object.entries(tables).flatMap(([asset, { table, key }]) => {
  const of = { asset, source: postgres, table, column: key, blocking: true };
  return [
    uniqueCheck({ ...of, name: "unique_key", description: `Every row of ${table} has a ${key} of its own` }),
    notNullCheck({ ...of, name: "key_not_null", description: `No row of ${table} lacks its ${key}` }),
  ];
});

/** Nothing was lost between the two databases. */
const sameCounts = (["fact_virtual", "customers", "orders", "payments"] as const).map((name) =>
  assetCheck({
    asset: name,
    name: "same_row_count",
    description: `Databricks has as many rows of ${name} as PostgreSQL`,
    resources: { databricks, postgres },
    async run({ resources }) {
      const [source, target] = await Promise.all([
        resources.postgres.query<{ n: string }>(`select count(*) as n from public.${name}`),
        resources.databricks.statements.execute(`select count(*) from ${name}`),
      ]);
      const counts = { postgres: Number(source.rows[0]!.n), databricks: Number(target.rows[0]![0]) };
      return { passed: counts.postgres === counts.databricks, metadata: counts };
    },
  }),
);

export const checks: AssetCheckDefinition[] = [...keys, ...sameCounts];
