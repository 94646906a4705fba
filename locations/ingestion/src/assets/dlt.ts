import { join } from "node:path";
import { databricks } from "@kc/connector-databricks";
import { postgres } from "@kc/connector-postgres";
import {
  csvResource,
  databricksDestination,
  type LoadInfo,
  loadPipeline,
  loadResource,
  postgresDestination,
} from "@kc/connector-replication";
import { type AssetsDefinition, asset, type MaterializeResult, type StepContext } from "@kc/runtime";
import { dataFolder } from "../data-folder.ts";

/** Schema of PostgreSQL and prefix of the Databricks tables: the dlt assets have tables of their own. */
const dataset = "dlt";

/** The alternative to Sling for a source file: two assets, CSV -> PostgreSQL and PostgreSQL -> Databricks, with a typed pipeline each. */
function dltPair(name: "fact_virtual" | "customers" | "orders" | "payments"): AssetsDefinition[] {
  const shared = { group: "dlt", owners: ["team:ingestion"] };
  const tempDir = (context: Pick<StepContext, "location">) => join(context.location.stateDir, "dlt");
  const fromCsv = asset({
    ...shared,
    key: `dlt_csv_${name}`,
    kinds: ["dlt", "csv", "postgres"],
    description: `data/raw_${name}.csv in the PostgreSQL schema ${dataset}, replaced as a whole, by a typed pipeline`,
    resources: { postgres },
    async materialize(context) {
      const { resources, env, log, signal } = context;
      const rows = await csvResource(join(dataFolder(env), `raw_${name}.csv`), {
        name,
        writeDisposition: "replace",
        primaryKey: "id",
      });
      const pipeline = loadPipeline({ name: `csv_${name}`, destination: postgresDestination(resources.postgres, dataset) });
      return outcome(await pipeline.run(rows, { log, signal, tempDir: tempDir(context) }));
    },
  });
  const toDatabricks = asset({
    ...shared,
    key: `dlt_databricks_${name}`,
    deps: [fromCsv],
    kinds: ["dlt", "postgres", "databricks"],
    description: `The PostgreSQL table ${dataset}.${name} in Databricks, by a typed pipeline`,
    resources: { databricks, postgres },
    async materialize(context) {
      const { resources, log, signal } = context;
      const rows = loadResource({
        name: `${dataset}_${name}`,
        writeDisposition: "replace",
        primaryKey: "id",
        async *rows() {
          // Bookkeeping columns of the first load are not data of the second.
          const { rows: found } = await resources.postgres.query(
            `select to_jsonb(t) - '_dlt_id' - '_dlt_load_id' as row from ${dataset}.${name} t order by id`,
            [],
            { signal },
          );
          for (const { row } of found) yield row as Record<string, unknown>;
        },
      });
      const pipeline = loadPipeline({
        name: `databricks_${name}`,
        destination: databricksDestination(resources.databricks, resources.databricks.schema ?? "main"),
      });
      return outcome(await pipeline.run(rows, { log, signal, tempDir: tempDir(context) }));
    },
  });
  return [fromCsv, toDatabricks];
}

function outcome({ loadId, rows, discarded, unchanged, tables }: LoadInfo): MaterializeResult {
  return {
    unchanged,
    metadata: { rows, discarded, load_id: loadId, table: tables.map((table) => table.table).join(", ") || undefined },
  };
}

export const dltAssets: AssetsDefinition[] = (["fact_virtual", "customers", "orders", "payments"] as const).flatMap(dltPair);
