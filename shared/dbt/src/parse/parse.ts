import { DbtError, didYouMean } from "../errors.ts";
import { type NodeScope, Renderer, type RenderSettings, relationName, relationValue } from "../jinja/renderer.ts";
import { toJinja } from "../jinja/value.ts";
import type { Manifest, ManifestNode, ManifestSource } from "../manifest.ts";
import { finishConfig, mergeConfig, type NodeConfig, projectLayers } from "../project/config.ts";
import type { Project, ProjectFile } from "../project/project.ts";
import { isRecord, records, strings, type Yaml } from "../project/yaml-file.ts";
import { readGenericTest, testHash, testNames } from "./generic-test.ts";
import { lookupRef, lookupSource } from "./lookup.ts";
import { manifestOf } from "./manifest-of.ts";
import { type Properties, type Property, readProperties, sha256 } from "./properties.ts";

/** A call of ref() or source() and its place. */
export interface Reference {
  kind: "ref" | "source";
  args: string[];
  where: string | undefined;
}

/** What running needs beside the manifest's node. */
export interface Draft {
  node: ManifestNode;
  references: Reference[];
  /** The native arguments of a generic test. */
  kwargs?: Yaml;
  where: string;
}

/** A parsed project: the manifest, and what it takes to compile it. */
export interface ParsedProject {
  project: Project;
  renderer: Renderer;
  properties: Properties;
  manifest: Manifest;
  drafts: Map<string, Draft>;
  warnings: string[];
}

/**
 * The parse phase: every template is rendered once with `execute` false, which collects config(), ref() and source().
 * @throws DbtError with file and line.
 */
export function parseProject(project: Project, settings: RenderSettings): ParsedProject {
  const renderer = new Renderer(project, settings);
  const properties = readProperties(project);
  const parser = new Parser(project, renderer, properties);
  return { project, renderer, properties, manifest: parser.manifest(settings), drafts: parser.drafts, warnings: parser.warnings };
}

class Parser {
  readonly drafts = new Map<string, Draft>();
  readonly disabled: ManifestNode[] = [];
  readonly sources: Record<string, ManifestSource> = {};
  readonly warnings: string[] = [];
  readonly project: Project;
  readonly renderer: Renderer;
  readonly properties: Properties;

  constructor(project: Project, renderer: Renderer, properties: Properties) {
    this.project = project;
    this.renderer = renderer;
    this.properties = properties;
  }

  manifest(settings: RenderSettings): Manifest {
    for (const property of this.properties.sources) this.source(property);
    for (const file of this.project.files.models) this.model(file, "model", this.properties.models);
    for (const file of this.project.files.seeds) this.model(file, "seed", this.properties.seeds);
    this.unmatched("models", this.properties.models, "model");
    this.unmatched("seeds", this.properties.seeds, "seed");
    for (const draft of [...this.drafts.values()]) {
      const kind = draft.node.resource_type === "seed" ? "seeds" : "models";
      const property = this.properties[kind].find((entry) => entry.name === draft.node.name);
      if (property) this.testsOf(property, property.entry, property.path, draft.node, `ref('${draft.node.name}')`);
    }
    for (const file of this.project.files.tests) if (!file.path.startsWith("generic/")) this.singularTest(file);
    const manifest = manifestOf(
      this.project,
      this.renderer,
      this.properties,
      { drafts: [...this.drafts.values()], sources: this.sources, disabled: this.disabled },
      settings,
    );
    return manifest;
  }

  private model(file: ProjectFile, resourceType: "model" | "seed", properties: Property[]): void {
    const { project } = this;
    const parts = file.path.replace(/\.(sql|csv)$/, "").split("/");
    const name = parts.at(-1)!;
    const where = `${file.file}:1`;
    const id = `${resourceType}.${project.name}.${name}`;
    const clash = this.drafts.get(`model.${project.name}.${name}`) ?? this.drafts.get(`seed.${project.name}.${name}`);
    if (clash)
      throw new DbtError("project", `two resources are named "${name}": ${clash.node.original_file_path} and ${file.file}`, {
        where,
        hint: "ref() needs names that differ across models and seeds.",
      });
    const fqn = [project.name, ...parts];
    const property = properties.find((entry) => entry.name === name);
    const own = property ? this.propertyConfig(property) : {};
    let config: Yaml = {};
    for (const layer of this.layers(resourceType === "seed" ? "seeds" : "models", fqn))
      config = mergeConfig(config, layer, where);
    config = mergeConfig(config, own, property?.where);
    const references: Reference[] = [];
    let macros: string[] = [];
    if (resourceType === "model") {
      const base = config;
      let inFile: Yaml = {};
      const scope = this.parseScope(references, { name, package_name: project.name, fqn, unique_id: id });
      scope.config = (values, at) => {
        inFile = mergeConfig(inFile, values, at);
      };
      scope.configValues = () => mergeConfig(base, inFile, where);
      macros = this.renderer.render(file.text, file.file, scope).macros;
      config = mergeConfig(base, inFile, where);
    }
    const finished = finishConfig(config, resourceType, property?.where && Object.keys(own).length > 0 ? property.where : where);
    const node = this.node(file, id, resourceType, name, fqn, finished);
    Object.assign(node, this.description(property), {
      depends_on: { macros: macros.map((macro) => `macro.${project.name}.${macro}`), nodes: [] },
    });
    this.relation(node, finished);
    this.keep({ node, references, where });
  }

  private singularTest(file: ProjectFile): void {
    const parts = file.path.replace(/\.sql$/, "").split("/");
    const name = parts.at(-1)!;
    const where = `${file.file}:1`;
    const id = `test.${this.project.name}.${name}`;
    const fqn = [this.project.name, ...parts];
    const references: Reference[] = [];
    const property = this.properties.tests.find((entry) => entry.name === name);
    let config: Yaml = {};
    for (const layer of [...this.layers("tests", fqn), ...this.layers("data_tests", fqn)])
      config = mergeConfig(config, layer, where);
    if (property) config = mergeConfig(config, this.propertyConfig(property), property.where);
    const scope = this.parseScope(references, { name, fqn, unique_id: id });
    scope.config = (values, at) => {
      config = mergeConfig(config, values, at);
    };
    const { macros } = this.renderer.render(file.text, file.file, scope);
    const node = this.node(file, id, "test", name, fqn, finishTest(config, where));
    Object.assign(node, this.description(property), {
      relation_name: null,
      depends_on: { macros: macros.map((macro) => `macro.${this.project.name}.${macro}`), nodes: [] },
    });
    this.relation(node, node.config as NodeConfig);
    node.relation_name = null;
    this.keep({ node, references, where });
  }

  /** Generic tests of a model, seed or source table, and of its columns. */
  private testsOf(property: Property, entry: Yaml, path: (string | number)[], target: ManifestNode, reference: string): void {
    const add = (owner: Yaml, at: (string | number)[], column: string | undefined) => {
      if (owner.tests !== undefined && owner.data_tests !== undefined)
        throw new DbtError("project", "tests: and data_tests: cannot stand together", { where: property.yaml.at(...at) });
      const key = owner.data_tests === undefined ? "tests" : "data_tests";
      const list = owner[key] ?? [];
      if (!Array.isArray(list)) throw new DbtError("project", `${key} must be a list`, { where: property.yaml.at(...at, key) });
      for (const [index, test] of list.entries())
        this.genericTest(property, test, property.yaml.at(...at, key, index), column, target, reference);
    };
    add(entry, path, undefined);
    for (const [index, column] of records(entry.columns, "columns", property.yaml.at(...path, "columns")).entries()) {
      const at = [...path, "columns", index];
      if (typeof column.name !== "string")
        throw new DbtError("project", "a column has no name", { where: property.yaml.at(...at) });
      add(column, at, column.quote === true ? `\`${column.name}\`` : column.name);
    }
  }

  private genericTest(
    property: Property,
    entry: unknown,
    where: string,
    column: string | undefined,
    target: ManifestNode,
    reference: string,
  ): void {
    const test = readGenericTest(entry, column, where);
    const macro = `test_${test.test}`;
    const builtin = ["unique", "not_null", "accepted_values", "relationships"].includes(test.test);
    if (test.test.includes("."))
      throw new DbtError(
        "unsupported",
        `the test "${test.test}" comes from a package, and packages are outside the embedded runner's subset`,
        { where },
      );
    if (!builtin && !this.renderer.macros.has(macro)) {
      const names = [...this.renderer.macros.keys()].filter((name) => name.startsWith("test_")).map((name) => name.slice(5));
      throw new DbtError(
        "project",
        `there is no generic test "${test.test}".${didYouMean(test.test, ["unique", "not_null", "accepted_values", "relationships", ...names])}`,
        { where },
      );
    }
    const isSource = target.resource_type === "source";
    const source = target as ManifestSource;
    const { name, alias } = testNames(test, isSource ? `${source.source_name}_${source.name}` : target.name, isSource);
    const kwargs: Yaml = { ...test.kwargs, model: `{{ get_where_subquery(${reference}) }}` };
    const metadata = { name: test.test, kwargs, namespace: null };
    const id = `test.${this.project.name}.${name}.${testHash(name, metadata)}`;
    const directory = property.yaml.file
      .replace(/^[^/]+\//, "")
      .split("/")
      .slice(0, -1);
    const fqn = [this.project.name, ...directory, name];
    const references: Reference[] = [];
    const scope = this.parseScope(references, {});
    const native = (value: unknown, key: string): unknown => {
      if (typeof value !== "string" || key === "column_name") return value;
      if (/^\s*(ref|source)\s*\(/.test(value)) return this.renderer.evaluate(value, property.yaml.file, scope);
      return this.renderer.yamlValue(value, where, scope);
    };
    let config: Yaml = {};
    for (const layer of [...this.layers("tests", fqn), ...this.layers("data_tests", fqn)])
      config = mergeConfig(config, layer, where);
    config = mergeConfig(config, this.renderer.yamlValue(test.config, where) as Yaml, where);
    const evaluate = (expression: string) => this.renderer.evaluate(expression, property.yaml.file, scope);
    try {
      evaluate(reference);
      for (const [key, value] of Object.entries(test.kwargs)) native(value, key);
    } catch (error) {
      if (error instanceof DbtError) error.where = where;
      throw error;
    }
    const file = { file: property.yaml.file, path: `${alias}.sql`, text: `{{ ${macro}(**_dbt_generic_test_kwargs) }}` };
    const node = this.node(file, id, "test", name, fqn, finishTest(config, where));
    Object.assign(node, {
      alias,
      description: test.description,
      test_metadata: metadata,
      column_name: column ?? null,
      attached_node: isSource ? null : target.unique_id,
      file_key_name: `${property.path[0]}.${property.name}`,
      depends_on: {
        macros: builtin ? [`macro.dbt.${macro}`, "macro.dbt.get_where_subquery"] : [`macro.${this.project.name}.${macro}`],
        nodes: [],
      },
    });
    this.relation(node, node.config as NodeConfig, "dbt_test__audit");
    node.relation_name = null;
    node.alias = alias;
    for (const item of references) item.where = where;
    this.keep({ node, references, where, kwargs: test.kwargs });
  }

  private source(property: Property): void {
    const { entry, yaml, path, name: sourceName } = property;
    const value = (raw: unknown, fallback: unknown, at: string) => this.renderer.yamlValue(raw ?? fallback, at);
    const target = this.renderer.settings.target;
    for (const [index, table] of records(entry.tables, "tables", yaml.at(...path, "tables")).entries()) {
      const at = [...path, "tables", index];
      const where = yaml.at(...at);
      if (typeof table.name !== "string")
        throw new DbtError("project", `a table of source "${sourceName}" has no name`, { where });
      const name = table.name;
      const id = `source.${this.project.name}.${sourceName}.${name}`;
      if (this.sources[id])
        throw new DbtError(
          "project",
          `the source "${sourceName}.${name}" is defined twice: ${String(this.sources[id]!.where ?? this.sources[id]!.original_file_path)}`,
          { where },
        );
      const directory = yaml.file
        .replace(/^[^/]+\//, "")
        .split("/")
        .slice(0, -1);
      const fqn = [this.project.name, ...directory, sourceName, name];
      let config: Yaml = {};
      for (const layer of this.layers("sources", fqn)) config = mergeConfig(config, layer, where);
      for (const [owner, place] of [
        [entry, path],
        [table, at],
      ] as const)
        config = mergeConfig(config, this.entryConfig(owner, yaml.at(...place)), where);
      const relation = {
        database: String(value(entry.database ?? entry.catalog, target.database, yaml.at(...path, "database"))),
        schema: String(value(entry.schema, sourceName, yaml.at(...path, "schema"))),
        identifier: String(value(table.identifier, name, yaml.at(...at, "identifier"))),
      };
      const enabled = (config.enabled ?? true) === true;
      const source = {
        ...this.node({ file: yaml.file, path: yaml.file, text: "" }, id, "source", name, fqn, {
          ...config,
          enabled,
        } as NodeConfig),
        ...relation,
        source_name: sourceName,
        source_description: this.text(entry.description, yaml.at(...path)),
        description: this.text(table.description, where),
        columns: this.columns(table, where),
        relation_name: relationName(relation),
        loader: String(entry.loader ?? ""),
        loaded_at_field: (table.loaded_at_field ?? entry.loaded_at_field ?? null) as string | null,
        freshness: (table.freshness ?? entry.freshness ?? null) as unknown,
        external: null,
        tags: (config.tags as string[] | undefined) ?? [],
        meta: (config.meta as Yaml | undefined) ?? {},
      } as unknown as ManifestSource;
      if (!enabled) this.disabled.push(source);
      else {
        this.sources[id] = source;
        this.testsOf(property, table, at, source, `source('${sourceName}', '${name}')`);
      }
    }
  }

  private parseScope(references: Reference[], model: Yaml): NodeScope {
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

  private keep(draft: Draft): void {
    const { node } = draft;
    if (!node.config.enabled) this.disabled.push(node);
    else {
      const other = this.drafts.get(node.unique_id);
      if (other)
        throw new DbtError(
          "project",
          `${node.resource_type} "${node.name}" is defined twice: ${other.where} and ${draft.where}`,
          { where: draft.where },
        );
      this.drafts.set(node.unique_id, draft);
      node.refs = draft.references
        .filter((item) => item.kind === "ref")
        .map((item) => ({ name: item.args.at(-1)!, package: item.args.length > 1 ? item.args[0]! : null, version: null }));
      node.sources = draft.references.filter((item) => item.kind === "source").map((item) => item.args);
    }
  }

  private node(
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
      package_name: this.project.name,
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
      created_at: this.renderer.settings.startedAt.getTime() / 1000,
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
  private relation(node: ManifestNode, config: NodeConfig, schema?: string): void {
    const named = (macro: string, value: unknown): string => {
      const extra = { __value: toJinja(value ?? null), __node: toJinja(node) };
      const source = `{{ ${macro}(__value, __node) }}`;
      return this.renderer.render(source, node.original_file_path, { execute: false, extra }).text.trim();
    };
    node.database = named("generate_database_name", config.database ?? config.catalog);
    node.schema = named("generate_schema_name", config.schema ?? schema);
    node.alias = named("generate_alias_name", config.alias);
    node.relation_name =
      config.materialized === "ephemeral"
        ? null
        : relationName({ database: node.database, schema: node.schema, identifier: node.alias });
  }

  private layers(section: string, fqn: string[]): Yaml[] {
    const { yaml } = this.project;
    const where = yaml.at(section);
    const tree = (yaml.data as Yaml)[section];
    if (tree === undefined || tree === null) return [];
    return projectLayers(tree, fqn, where).map((layer) => this.renderConfig(layer, where));
  }

  private renderConfig(config: Yaml, where: string): Yaml {
    return Object.fromEntries(
      Object.entries(config).map(([key, value]) => [
        key,
        /^\+?(pre|post)[-_]hook$/.test(key) ? value : this.renderer.yamlValue(value, where),
      ]),
    );
  }

  private propertyConfig(property: Property): Yaml {
    return this.entryConfig(property.entry, property.where);
  }

  /** Config of an entry: `config:`, and the keys that older versions have beside it. */
  private entryConfig(entry: Yaml, where: string): Yaml {
    const config = entry.config ?? {};
    if (!isRecord(config)) throw new DbtError("project", "config must be a mapping", { where });
    const beside: Yaml = {};
    for (const key of ["tags", "meta", "group", "access", "enabled"])
      if (entry[key] !== undefined) beside[key] = key === "tags" ? strings(entry[key], "tags", where) : entry[key];
    return this.renderConfig(mergeConfig(beside, config, where), where);
  }

  private description(property: Property | undefined): Pick<ManifestNode, "description" | "columns" | "patch_path"> {
    if (!property) return {};
    const description = this.text(property.entry.description, property.where);
    return {
      description,
      columns: this.columns(property.entry, property.where),
      patch_path: `${this.project.name}://${property.yaml.file}`,
    };
  }

  private columns(entry: Yaml, where: string): NonNullable<ManifestNode["columns"]> {
    return Object.fromEntries(
      records(entry.columns, "columns", where).map((column) => {
        const config = isRecord(column.config) ? column.config : {};
        const meta = { ...(isRecord(column.meta) ? column.meta : {}), ...(isRecord(config.meta) ? config.meta : {}) };
        const name = String(column.name);
        return [
          name,
          {
            name,
            description: this.text(column.description, where),
            data_type: (column.data_type as string | undefined) ?? null,
            meta,
            tags: strings(column.tags, "tags", where),
          },
        ];
      }),
    );
  }

  /** A description, with its doc() calls resolved. */
  text(value: unknown, where: string): string {
    if (typeof value !== "string") return "";
    if (!/\{[{%]/.test(value)) return value;
    const scope: NodeScope = {
      execute: false,
      doc: (args) => {
        const name = String(args.at(-1));
        const found = this.properties.docs.get(name);
        if (!found)
          throw new DbtError("project", `there is no docs block "${name}".${didYouMean(name, this.properties.docs.keys())}`, {
            where,
          });
        return found.text;
      },
    };
    return String(this.renderer.yamlValue(value, where, scope));
  }

  private unmatched(section: string, list: Property[], kind: string): void {
    for (const { name, where } of list) {
      const known = [...this.drafts.values(), ...this.disabled.map((node) => ({ node }))].some(
        ({ node }) => node.name === name && node.resource_type === kind,
      );
      if (!known) this.warnings.push(`${where}: ${section} describes "${name}", but there is no ${kind} with this name`);
    }
  }
}

function finishTest(config: Yaml, where: string): NodeConfig {
  const severity = String(config.severity ?? "ERROR").toUpperCase();
  if (severity !== "ERROR" && severity !== "WARN")
    throw new DbtError("project", `severity must be error or warn, not "${String(config.severity)}"`, { where });
  for (const key of ["warn_if", "error_if"] as const)
    if (config[key] !== undefined && !/^\s*(=|==|!=|<>|<|>|<=|>=)\s*\d+\s*$/.test(String(config[key])))
      throw new DbtError("project", `${key} must compare with a number, as in "> 10", not "${String(config[key])}"`, { where });
  if (config.limit !== undefined && config.limit !== null && (!Number.isInteger(config.limit) || (config.limit as number) < 1))
    throw new DbtError("project", "limit must be a whole number from 1", { where });
  return finishConfig({ warn_if: "!= 0", error_if: "!= 0", fail_calc: "count(*)", ...config, severity }, "test", where);
}

export { lookupRef, lookupSource };
