import { relationOf } from "../compile.ts";
import { quoteIdentifier } from "../jinja/renderer.ts";
import type { ManifestNode } from "../manifest.ts";
import type { ParsedProject } from "../parse/parse.ts";
import type { PlannedNode } from "./plan.ts";
import type { RunOptions } from "./runner.ts";

/** What stood in the target's schemas when the run began. */
export interface KnownRelations {
  typeOf(node: ManifestNode): "table" | "view" | undefined;
}

const literal = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

/** Makes the schemas that the plan writes to, and lists what they hold: one query each, not one per model. */
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
    const found = await execute(
      `select table_name, table_type from ${quoteIdentifier(database)}.information_schema.tables where lower(table_schema) = ${literal(schema.toLowerCase())}`,
    );
    for (const [name, type] of found.rows)
      known.set(key(database, schema, name ?? ""), /view/i.test(type ?? "") ? "view" : "table");
  }
  return {
    typeOf(node) {
      const { database, schema, identifier } = relationOf(node);
      return known.get(key(database, schema, identifier));
    },
  };
}

const key = (...parts: string[]): string => parts.join("\0").toLowerCase();
