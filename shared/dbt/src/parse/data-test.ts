import { DbtError, didYouMean } from "../errors.ts";
import type { ManifestNode, ManifestSource } from "../manifest.ts";
import { finishConfig, mergeConfig, type NodeConfig } from "../project/config.ts";
import type { ProjectFile } from "../project/project.ts";
import { records, type Yaml } from "../project/yaml-file.ts";
import type { Parsing, Reference } from "./draft.ts";
import { readGenericTest, testHash, testNames } from "./generic-test.ts";
import { description, keep, layers, node as makeNode, parseScope, propertyConfig, relation } from "./node.ts";
import type { Property } from "./properties.ts";

/** Parses a test that is a query of its own. */
export function singularTest(p: Parsing, file: ProjectFile): void {
  const parts = file.path.replace(/\.sql$/, "").split("/");
  const name = parts.at(-1)!;
  const where = `${file.file}:1`;
  const id = `test.${p.project.name}.${name}`;
  const fqn = [p.project.name, ...parts];
  const references: Reference[] = [];
  const property = p.properties.tests.find((entry) => entry.name === name);
  let config: Yaml = {};
  for (const layer of [...layers(p, "tests", fqn), ...layers(p, "data_tests", fqn)]) config = mergeConfig(config, layer, where);
  if (property) config = mergeConfig(config, propertyConfig(p, property), property.where);
  const scope = parseScope(p, references, { name, fqn, unique_id: id });
  scope.config = (values, at) => {
    config = mergeConfig(config, values, at);
  };
  const { macros } = p.renderer.render(file.text, file.file, scope);
  const node = makeNode(p, file, id, "test", name, fqn, finishTest(config, where));
  Object.assign(node, description(p, property), {
    relation_name: null,
    depends_on: { macros: macros.map((macro) => `macro.${p.project.name}.${macro}`), nodes: [] },
  });
  relation(p, node, node.config as NodeConfig);
  node.relation_name = null;
  keep(p, { node, references, where });
}

/** Generic tests of a model, seed or source table, and of its columns. */
export function testsOf(
  p: Parsing,
  property: Property,
  entry: Yaml,
  path: (string | number)[],
  target: ManifestNode,
  reference: string,
): void {
  const add = (owner: Yaml, at: (string | number)[], column: string | undefined) => {
    if (owner.tests !== undefined && owner.data_tests !== undefined)
      throw new DbtError("project", "tests: and data_tests: cannot stand together", { where: property.yaml.at(...at) });
    const key = owner.data_tests === undefined ? "tests" : "data_tests";
    const list = owner[key] ?? [];
    if (!Array.isArray(list)) throw new DbtError("project", `${key} must be a list`, { where: property.yaml.at(...at, key) });
    for (const [index, test] of list.entries())
      genericTest(p, property, test, property.yaml.at(...at, key, index), column, target, reference);
  };
  add(entry, path, undefined);
  for (const [index, column] of records(entry.columns, "columns", property.yaml.at(...path, "columns")).entries()) {
    const at = [...path, "columns", index];
    if (typeof column.name !== "string")
      throw new DbtError("project", "a column has no name", { where: property.yaml.at(...at) });
    add(column, at, column.quote === true ? `\`${column.name}\`` : column.name);
  }
}

function genericTest(
  p: Parsing,
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
  if (!builtin && !p.renderer.macros.has(macro)) {
    const names = [...p.renderer.macros.keys()].filter((name) => name.startsWith("test_")).map((name) => name.slice(5));
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
  const id = `test.${p.project.name}.${name}.${testHash(name, metadata)}`;
  const directory = property.yaml.file
    .replace(/^[^/]+\//, "")
    .split("/")
    .slice(0, -1);
  const fqn = [p.project.name, ...directory, name];
  const references: Reference[] = [];
  const scope = parseScope(p, references, {});
  const native = (value: unknown, key: string): unknown => {
    if (typeof value !== "string" || key === "column_name") return value;
    if (/^\s*(ref|source)\s*\(/.test(value)) return p.renderer.evaluate(value, property.yaml.file, scope);
    return p.renderer.yamlValue(value, where, scope);
  };
  let config: Yaml = {};
  for (const layer of [...layers(p, "tests", fqn), ...layers(p, "data_tests", fqn)]) config = mergeConfig(config, layer, where);
  config = mergeConfig(config, p.renderer.yamlValue(test.config, where) as Yaml, where);
  const evaluate = (expression: string) => p.renderer.evaluate(expression, property.yaml.file, scope);
  try {
    evaluate(reference);
    for (const [key, value] of Object.entries(test.kwargs)) native(value, key);
  } catch (error) {
    if (error instanceof DbtError) error.where = where;
    throw error;
  }
  const file = { file: property.yaml.file, path: `${alias}.sql`, text: `{{ ${macro}(**_dbt_generic_test_kwargs) }}` };
  const node = makeNode(p, file, id, "test", name, fqn, finishTest(config, where));
  Object.assign(node, {
    alias,
    description: test.description,
    test_metadata: metadata,
    column_name: column ?? null,
    attached_node: isSource ? null : target.unique_id,
    file_key_name: `${property.path[0]}.${property.name}`,
    depends_on: {
      macros: builtin ? [`macro.dbt.${macro}`, "macro.dbt.get_where_subquery"] : [`macro.${p.project.name}.${macro}`],
      nodes: [],
    },
  });
  relation(p, node, node.config as NodeConfig, "dbt_test__audit");
  node.relation_name = null;
  node.alias = alias;
  for (const item of references) item.where = where;
  keep(p, { node, references, where, kwargs: test.kwargs });
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
