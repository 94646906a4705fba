import { relationOf } from "../compile.ts";
import { type RenderSettings, relationName } from "../jinja/renderer.ts";
import type { Manifest, ManifestNode } from "../manifest.ts";
import { artifactMetadata } from "../parse/manifest-of.ts";
import type { SqlExecutor } from "../run/executor.ts";

interface CatalogTable {
  unique_id: string;
  metadata: { type: string; schema: string; name: string; database: string; comment: string | null; owner: string | null };
  columns: Record<string, { type: string; index: number; name: string; comment: string | null }>;
  stats: Record<string, never>;
}

/** catalog.json v1: what the relations look like in the warehouse. */
export interface Catalog {
  metadata: Record<string, unknown>;
  nodes: Record<string, CatalogTable>;
  sources: Record<string, CatalogTable>;
  errors: string[] | null;
}

/** Asks the warehouse for the columns of every relation of the manifest; one that is not there is left out and named in `errors`. */
export async function catalogOf(
  manifest: Manifest,
  executor: SqlExecutor,
  settings: RenderSettings,
  signal?: AbortSignal,
): Promise<Catalog> {
  const catalog: Catalog = { metadata: artifactMetadata("catalog/v1", settings), nodes: {}, sources: {}, errors: null };
  const errors: string[] = [];
  const describe = async (node: ManifestNode, into: Record<string, CatalogTable>) => {
    const relation = relationOf(node);
    try {
      const { columns: header, rows } = await executor.execute(
        `describe table ${relationName(relation)}`,
        signal ? { signal } : {},
      );
      const comment = header.findIndex((column) => column.name === "comment");
      // Databricks: col_name, data_type, comment; partition details follow after an empty or "#" row.
      const end = rows.findIndex((row) => !row[0] || row[0].startsWith("#"));
      const columns = (end < 0 ? rows : rows.slice(0, end)).map(
        (row, index) =>
          [row[0]!, { type: row[1] ?? "", index: index + 1, name: row[0]!, comment: row[comment] || null }] as const,
      );
      into[node.unique_id] = {
        unique_id: node.unique_id,
        metadata: {
          type: node.config.materialized === "view" ? "view" : "table",
          schema: relation.schema,
          name: relation.identifier,
          database: relation.database,
          comment: null,
          owner: null,
        },
        columns: Object.fromEntries(columns),
        stats: {},
      };
    } catch (error) {
      if (signal?.aborted) throw error;
      errors.push(`${relationName(relation)}: ${(error as Error).message}`);
    }
  };
  for (const node of Object.values(manifest.nodes))
    if (node.relation_name && node.resource_type !== "test") await describe(node, catalog.nodes);
  for (const source of Object.values(manifest.sources)) await describe(source, catalog.sources);
  catalog.errors = errors.length > 0 ? errors : null;
  return catalog;
}
