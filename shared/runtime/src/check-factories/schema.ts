import type { AssetCheckDefinition, CheckResult } from "../check.ts";
import { UserError } from "../errors.ts";
import type { ColumnSchema } from "../metadata.ts";
import * as be from "../shape.ts";
import { checkOptions, type FactoryOptions, factoryShape, labelOf, madeCheck, tableRules } from "./factory.ts";
import { quoted, readRows, type SqlSource, type TableOptions, tableParts } from "./sql-source.ts";

export interface SchemaExpectation {
  /** Columns by name; the value is the type as the source spells it, upper or lower case, or null for any. */
  columns: Record<string, string | null>;
  /** Whether other columns may stand beside them. Default true. */
  others?: boolean;
}

/** How columns differ from what is expected, as a person reads it; empty when they do not. */
export function schemaDifferences(found: readonly ColumnSchema[], { columns, others = true }: SchemaExpectation): string[] {
  const types = new Map(found.map((one) => [one.name.toLowerCase(), one.type]));
  const wanted = new Set(Object.keys(columns).map((name) => name.toLowerCase()));
  return [
    ...Object.entries(columns).flatMap(([name, type]) => {
      if (!types.has(name.toLowerCase())) return [`column ${name} is missing`];
      const is = types.get(name.toLowerCase());
      if (type === null || is === undefined || is.toLowerCase() === type.toLowerCase()) return [];
      return [`column ${name} is ${is}, not ${type}`];
    }),
    ...(others
      ? []
      : found.filter((one) => !wanted.has(one.name.toLowerCase())).map((one) => `column ${one.name} is not expected`)),
  ];
}

const { where: _, ...place } = tableRules;
const shape = factoryShape({ ...place, metadata: be.text, columns: be.object, others: be.flag });

/** The table has the columns, of the types: as the database says, or as `column_schema` of the materialization's metadata. */
export function schemaCheck(
  options: FactoryOptions & SchemaExpectation & (Omit<TableOptions, "where"> | { source?: never; metadata?: string }),
): AssetCheckDefinition {
  checkOptions("schemaCheck", options, shape);
  const label = labelOf(options, options.name ?? "schema");
  if (Object.keys(options.columns ?? {}).length === 0) throw new UserError(`check "${label}" expects no columns`);
  const { source } = options;
  const parts = source ? tableParts(label, options.table) : [];
  const metadata = source ? undefined : (options.metadata ?? "column_schema");
  return madeCheck(options, "schema", `It has the columns ${Object.keys(options.columns).join(", ")}`, {
    source,
    async run({ signal, materialization }, sql): Promise<CheckResult> {
      const found = source ? await tableColumns(sql, parts, signal) : materialization.metadata[metadata!];
      if (!Array.isArray(found))
        return { passed: false, description: `its latest materialization carries no column schema "${metadata}"` };
      const differences = schemaDifferences(found as ColumnSchema[], options);
      return {
        passed: differences.length === 0,
        metadata: { columns: found.length },
        ...(differences.length > 0 ? { description: differences.join("; ") } : {}),
      };
    },
  });
}

async function tableColumns(source: SqlSource, parts: readonly string[], signal: AbortSignal): Promise<ColumnSchema[]> {
  const [table, schema] = [...parts].reverse() as [string, string | undefined];
  const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
  const sql =
    "query" in source
      ? `select column_name, data_type from information_schema.columns where table_name = ${literal(table)} and table_schema = ${schema === undefined ? "current_schema()" : literal(schema)} order by ordinal_position`
      : `describe table ${parts.map((part) => quoted(source, part)).join(".")}`;
  const rows = await readRows(source, sql, signal);
  // What Databricks says of partitions stands below the columns, under a heading with a "#" or after an empty line.
  const end = rows.findIndex(([name]) => name === null || name === "" || String(name).startsWith("#"));
  return (end < 0 ? rows : rows.slice(0, end)).map(([name, type]) => ({ name: String(name), type: String(type) }));
}
