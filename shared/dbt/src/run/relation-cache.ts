import { relationOf } from "../compile.ts";
import { quoteIdentifier } from "../jinja/renderer.ts";
import type { ManifestNode } from "../manifest.ts";
import type { ParsedProject } from "../parse/draft.ts";
import type { SqlResult } from "./executor.ts";
import type { PlannedNode } from "./plan.ts";
import type { RunOptions } from "./runner.ts";

/** What stood in the target's schemas when the run began. */
export interface KnownRelations {
  typeOf(node: ManifestNode): "table" | "view" | undefined;
}

/** Makes the schemas that the plan writes to, and lists what they hold: per schema, not per model. */
export async function ensureSchemas(
  _parsed: ParsedProject,
  plan: PlannedNode[],
  options: Pick<RunOptions, "executor" | "signal">,
): Promise<KnownRelations> {
  const schemas = new Map<string, { database: string; schema: string }>();
  for (const { node } of plan) {
    if (node.resource_type === "test" || node.config.materialized === "ephemeral") continue;
    const { database, schema } = relationOf(node);
    schemas.set(`${database}\0${schema}`, { database, schema });
  }
  const known = new Map<string, "table" | "view">();
  const execute = (sql: string) => options.executor.execute(sql, options.signal ? { signal: options.signal } : {});
  for (const { database, schema } of schemas.values()) {
    await execute(`create schema if not exists ${quoteIdentifier(database)}.${quoteIdentifier(schema)}`);
    const place = `${quoteIdentifier(database)}.${quoteIdentifier(schema)}`;
    // SHOW TABLES lists views too.
    for (const name of column(await execute(`show tables in ${place}`), "tablename"))
      known.set(key(database, schema, name), "table");
    for (const name of column(await execute(`show views in ${place}`), "viewname"))
      known.set(key(database, schema, name), "view");
  }
  return {
    typeOf(node) {
      const { database, schema, identifier } = relationOf(node);
      return known.get(key(database, schema, identifier));
    },
  };
}

function column(result: SqlResult, name: string): string[] {
  const index = result.columns.findIndex((item) => item.name.toLowerCase() === name);
  return result.rows.flatMap((row) => row[index] ?? []);
}

const key = (...parts: string[]): string => parts.join("\0").toLowerCase();
