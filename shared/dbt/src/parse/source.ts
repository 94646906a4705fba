import { DbtError } from "../errors.ts";
import { relationName } from "../jinja/renderer.ts";
import type { ManifestSource } from "../manifest.ts";
import { mergeConfig, type NodeConfig } from "../project/config.ts";
import { records, type Yaml } from "../project/yaml-file.ts";
import { testsOf } from "./data-test.ts";
import type { Parsing } from "./draft.ts";
import { columns, describe, entryConfig, layers, node } from "./node.ts";
import type { Property } from "./properties.ts";

/** Parses the tables of one source. */
export function parseSource(p: Parsing, property: Property): void {
  const { entry, yaml, path, name: sourceName } = property;
  const value = (raw: unknown, fallback: unknown, at: string) => p.renderer.yamlValue(raw ?? fallback, at);
  const target = p.renderer.settings.target;
  for (const [index, table] of records(entry.tables, "tables", yaml.at(...path, "tables")).entries()) {
    const at = [...path, "tables", index];
    const where = yaml.at(...at);
    if (typeof table.name !== "string") throw new DbtError("project", `a table of source "${sourceName}" has no name`, { where });
    const name = table.name;
    const id = `source.${p.project.name}.${sourceName}.${name}`;
    if (p.sources[id])
      throw new DbtError(
        "project",
        `the source "${sourceName}.${name}" is defined twice: ${String(p.sources[id]!.where ?? p.sources[id]!.original_file_path)}`,
        { where },
      );
    const directory = yaml.file
      .replace(/^[^/]+\//, "")
      .split("/")
      .slice(0, -1);
    const fqn = [p.project.name, ...directory, sourceName, name];
    let config: Yaml = {};
    for (const layer of layers(p, "sources", fqn)) config = mergeConfig(config, layer, where);
    for (const [owner, place] of [
      [entry, path],
      [table, at],
    ] as const)
      config = mergeConfig(config, entryConfig(p, owner, yaml.at(...place)), where);
    const relation = {
      database: String(value(entry.database ?? entry.catalog, target.database, yaml.at(...path, "database"))),
      schema: String(value(entry.schema, sourceName, yaml.at(...path, "schema"))),
      identifier: String(value(table.identifier, name, yaml.at(...at, "identifier"))),
    };
    const enabled = (config.enabled ?? true) === true;
    const source = {
      ...node(p, { file: yaml.file, path: yaml.file, text: "" }, id, "source", name, fqn, {
        ...config,
        enabled,
      } as NodeConfig),
      ...relation,
      source_name: sourceName,
      source_description: describe(p, entry.description, yaml.at(...path)),
      description: describe(p, table.description, where),
      columns: columns(p, table, where),
      relation_name: relationName(relation),
      loader: String(entry.loader ?? ""),
      loaded_at_field: (table.loaded_at_field ?? entry.loaded_at_field ?? null) as string | null,
      freshness: (table.freshness ?? entry.freshness ?? null) as unknown,
      external: null,
      tags: (config.tags as string[] | undefined) ?? [],
      meta: (config.meta as Yaml | undefined) ?? {},
    } as unknown as ManifestSource;
    if (!enabled) p.disabled.push(source);
    else {
      p.sources[id] = source;
      testsOf(p, property, table, at, source, `source('${sourceName}', '${name}')`);
    }
  }
}
