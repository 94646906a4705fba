import { DbtError, didYouMean } from "../errors.ts";
import { type NodeScope, relationName, relationValue } from "../jinja/renderer.ts";
import { toJinja } from "../jinja/value.ts";
import type { ManifestNode } from "../manifest.ts";
import { mergeConfig, type NodeConfig, projectLayers } from "../project/config.ts";
import type { ProjectFile } from "../project/project.ts";
import { isRecord, records, strings, type Yaml } from "../project/yaml-file.ts";
import type { Draft, Parsing, Reference } from "./draft.ts";
import { type Property, sha256 } from "./properties.ts";

/** The scope of the parse phase: notes what a template refers to and gives nothing real. */
export function parseScope(_p: Parsing, references: Reference[], model: Yaml): NodeScope {
  const parsing = relationValue({ database: "parse", schema: "parse", identifier: "parse" });
  const note = (kind: "ref" | "source", args: unknown[], where: string | undefined) => {
    if (
      !args.every((arg) => typeof arg === "string") ||
      args.length === 0 ||
      args.length > 2 ||
      (kind === "source" && args.length !== 2)
    )
      throw new DbtError(
        "compile",
        kind === "ref"
          ? "ref() takes the name of a model, or package and name"
          : "source() takes the names of a source and a table",
        { where },
      );
    references.push({ kind, args: args as string[], where });
    return parsing;
  };
  return {
    execute: false,
    ref(args, kwargs, where) {
      const version = Object.keys(kwargs)[0];
      if (version) throw new DbtError("unsupported", `ref(…, ${version}=…) is outside the embedded runner's subset`, { where });
      return note("ref", args, where);
    },
    source: (args, where) => note("source", args, where),
    config: () => {},
    configValues: () => ({}),
    model,
    thisRelation: parsing,
    extra: { get_where_subquery: toJinja(undefined) },
  };
}

export function keep(p: Parsing, draft: Draft): void {
  const { node } = draft;
  if (!node.config.enabled) p.disabled.push(node);
  else {
    const other = p.drafts.get(node.unique_id);
    if (other)
      throw new DbtError("project", `${node.resource_type} "${node.name}" is defined twice: ${other.where} and ${draft.where}`, {
        where: draft.where,
      });
    p.drafts.set(node.unique_id, draft);
    node.refs = draft.references
      .filter((item) => item.kind === "ref")
      .map((item) => ({ name: item.args.at(-1)!, package: item.args.length > 1 ? item.args[0]! : null, version: null }));
    node.sources = draft.references.filter((item) => item.kind === "source").map((item) => item.args);
  }
}

export function node(
  p: Parsing,
  file: ProjectFile,
  id: string,
  resourceType: string,
  name: string,
  fqn: string[],
  config: NodeConfig,
): ManifestNode {
  return {
    unique_id: id,
    resource_type: resourceType,
    package_name: p.project.name,
    name,
    path: file.path,
    original_file_path: file.file,
    fqn,
    config,
    tags: config.tags,
    meta: config.meta,
    description: "",
    columns: {},
    checksum: { name: "sha256", checksum: sha256(file.text.trim()) },
    raw_code: resourceType === "seed" ? "" : file.text.replace(/\n$/, ""),
    language: "sql",
    group: (config.group as string | undefined) ?? null,
    access: (config.access as string | undefined) ?? "protected",
    created_at: p.renderer.settings.startedAt.getTime() / 1000,
    patch_path: null,
    compiled: false,
    build_path: null,
    version: null,
    latest_version: null,
    refs: [],
    sources: [],
    metrics: [],
    depends_on: { macros: [], nodes: [] },
  };
}

/** Resolves database, schema and alias by the project's generate_*_name macros, or dbt's. */
export function relation(p: Parsing, node: ManifestNode, config: NodeConfig, schema?: string): void {
  const named = (macro: string, value: unknown): string => {
    const extra = { __value: toJinja(value ?? null), __node: toJinja(node) };
    const source = `{{ ${macro}(__value, __node) }}`;
    return p.renderer.render(source, node.original_file_path, { execute: false, extra }).text.trim();
  };
  node.database = named("generate_database_name", config.database ?? config.catalog);
  node.schema = named("generate_schema_name", config.schema ?? schema);
  node.alias = named("generate_alias_name", config.alias);
  node.relation_name =
    config.materialized === "ephemeral"
      ? null
      : relationName({ database: node.database, schema: node.schema, identifier: node.alias });
}

export function layers(p: Parsing, section: string, fqn: string[]): Yaml[] {
  const { yaml } = p.project;
  const where = yaml.at(section);
  const tree = (yaml.data as Yaml)[section];
  if (tree === undefined || tree === null) return [];
  return projectLayers(tree, fqn, where).map((layer) => renderConfig(p, layer, where));
}

function renderConfig(p: Parsing, config: Yaml, where: string): Yaml {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      /^\+?(pre|post)[-_]hook$/.test(key) ? value : p.renderer.yamlValue(value, where),
    ]),
  );
}

export function propertyConfig(p: Parsing, property: Property): Yaml {
  return entryConfig(p, property.entry, property.where);
}

/** Config of an entry: `config:`, and the keys that older versions have beside it. */
export function entryConfig(p: Parsing, entry: Yaml, where: string): Yaml {
  const config = entry.config ?? {};
  if (!isRecord(config)) throw new DbtError("project", "config must be a mapping", { where });
  const beside: Yaml = {};
  for (const key of ["tags", "meta", "group", "access", "enabled"])
    if (entry[key] !== undefined) beside[key] = key === "tags" ? strings(entry[key], "tags", where) : entry[key];
  return renderConfig(p, mergeConfig(beside, config, where), where);
}

export function description(
  p: Parsing,
  property: Property | undefined,
): Pick<ManifestNode, "description" | "columns" | "patch_path"> {
  if (!property) return {};
  const description = describe(p, property.entry.description, property.where);
  return {
    description,
    columns: columns(p, property.entry, property.where),
    patch_path: `${p.project.name}://${property.yaml.file}`,
  };
}

export function columns(p: Parsing, entry: Yaml, where: string): NonNullable<ManifestNode["columns"]> {
  return Object.fromEntries(
    records(entry.columns, "columns", where).map((column) => {
      const config = isRecord(column.config) ? column.config : {};
      const meta = { ...(isRecord(column.meta) ? column.meta : {}), ...(isRecord(config.meta) ? config.meta : {}) };
      const name = String(column.name);
      return [
        name,
        {
          name,
          description: describe(p, column.description, where),
          data_type: (column.data_type as string | undefined) ?? null,
          meta,
          tags: strings(column.tags, "tags", where),
        },
      ];
    }),
  );
}

/** A description, with its doc() calls resolved. */
export function describe(p: Parsing, value: unknown, where: string): string {
  if (typeof value !== "string") return "";
  if (!/\{[{%]/.test(value)) return value;
  const scope: NodeScope = {
    execute: false,
    doc: (args) => {
      const name = String(args.at(-1));
      const found = p.properties.docs.get(name);
      if (!found)
        throw new DbtError("project", `there is no docs block "${name}".${didYouMean(name, p.properties.docs.keys())}`, {
          where,
        });
      return found.text;
    },
  };
  return String(p.renderer.yamlValue(value, where, scope));
}
