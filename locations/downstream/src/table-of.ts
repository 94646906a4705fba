import { DatabricksSqlError } from "@kc/connector-databricks";
import { type UpstreamMaterialization, UserError } from "@kc/runtime";

/** The relation that a dbt model's latest materialization names, and the dbt run that made it. */
export function tableOf(source: UpstreamMaterialization): { relation: string; dbtRunId: string } {
  const { relation, run_id: dbtRunId } = source.metadata;
  if (typeof relation !== "string" || dbtRunId === undefined)
    throw new UserError(`${source.key} has not been built yet`, {
      hint: `Make it first: kc materialize '+${source.key}'`,
      final: true,
    });
  return { relation, dbtRunId: String(dbtRunId) };
}

/** Turns the warehouse's answer to a table that is gone into a sentence with the remedy. */
export function explainMissing(source: UpstreamMaterialization, relation: string, error: unknown): never {
  if (!isMissingTable(error)) throw error;
  throw new UserError(`${relation}, the table of ${source.key}, no longer exists`, {
    hint: `Make it again: kc materialize ${source.key}`,
    final: true,
    cause: error,
  });
}

/** The warehouse's answer to a name that it does not know, whichever part of the name is gone. */
function isMissingTable(error: unknown): boolean {
  return (
    error instanceof DatabricksSqlError &&
    (error.sqlState === "42P01" || /TABLE_OR_VIEW_NOT_FOUND|SCHEMA_NOT_FOUND|DELTA_TABLE_NOT_FOUND/.test(error.message))
  );
}
