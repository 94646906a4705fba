import { DbtError } from "./errors.ts";
import { type NodeScope, type Relation, relationValue } from "./jinja/renderer.ts";
import { type JinjaValue, jinjaFunction, textWithMembers, toJinja } from "./jinja/value.ts";
import type { ManifestNode } from "./manifest.ts";
import type { Draft, ParsedProject } from "./parse/draft.ts";
import { lookupRef, lookupSource } from "./parse/lookup.ts";
import type { Yaml } from "./project/yaml-file.ts";

export const relationOf = (node: ManifestNode): Relation => ({
  database: node.database ?? "",
  schema: node.schema ?? "",
  identifier: String(node.identifier ?? node.alias ?? node.name),
});

const cteName = (node: ManifestNode): string => `__dbt__cte__${node.name}`;

/**
 * The SQL of a model or test, with ephemeral parents as CTEs.
 * @throws DbtError with file and line.
 */
export function compileNode(parsed: ParsedProject, node: ManifestNode, options: { isIncremental?: boolean } = {}): string {
  const ctes = new Map<string, string>();
  const sql = renderNode(parsed, draftOf(parsed, node), ctes, options.isIncremental ?? false, []);
  return injectCtes(sql, ctes);
}

/** A hook or another piece of SQL in the scope of a node. */
export function renderHook(parsed: ParsedProject, node: ManifestNode | undefined, sql: string, where: string): string {
  const scope = node ? scopeOf(parsed, node, new Map(), false, []) : { execute: true };
  return parsed.renderer.render(sql, where.replace(/:\d+$/, ""), scope).text.trim();
}

function draftOf(parsed: ParsedProject, node: ManifestNode): Draft {
  const draft = parsed.drafts.get(node.unique_id);
  if (!draft) throw new Error(`no draft of ${node.unique_id}`);
  return draft;
}

function renderNode(
  parsed: ParsedProject,
  draft: Draft,
  ctes: Map<string, string>,
  isIncremental: boolean,
  open: string[],
): string {
  const { node } = draft;
  if (open.includes(node.unique_id))
    throw new DbtError(
      "compile",
      `ephemeral models depend on each other in a circle: ${[...open, node.unique_id].join(" -> ")}`,
      { where: draft.where },
    );
  const scope = scopeOf(parsed, node, ctes, isIncremental, [...open, node.unique_id]);
  if (draft.kwargs) scope.extra = { _dbt_generic_test_kwargs: testArguments(parsed, draft, scope) };
  try {
    return parsed.renderer.render(node.raw_code ?? "", node.original_file_path, scope).text;
  } catch (error) {
    // The template of a generic test is made here: what went wrong stands where the test is asked for.
    if (error instanceof DbtError && (draft.kwargs || !error.where)) error.where = draft.where;
    throw error;
  }
}

function scopeOf(
  parsed: ParsedProject,
  node: ManifestNode,
  ctes: Map<string, string>,
  isIncremental: boolean,
  open: string[],
): NodeScope {
  const { manifest } = parsed;
  const disabled = Object.values(manifest.disabled ?? {}).flat();
  return {
    execute: true,
    ref(args, _kwargs, where) {
      const found = lookupRef(args as string[], Object.values(manifest.nodes), disabled, where);
      if (!node.depends_on?.nodes?.includes(found.unique_id))
        throw new DbtError(
          "compile",
          `ref('${found.name}') was not seen while parsing: it stands behind "if execute" or a value that is only known at run time`,
          { where, hint: `Add the comment "-- depends_on: {{ ref('${found.name}') }}" to the model.` },
        );
      if (found.config.materialized !== "ephemeral") return relationValue(relationOf(found));
      if (!ctes.has(cteName(found)))
        ctes.set(cteName(found), renderNode(parsed, draftOf(parsed, found), ctes, false, open).trim());
      // A CTE must stand after those it uses: deleting and adding keeps the order of completion.
      const sql = ctes.get(cteName(found))!;
      return textWithMembers(cteName(found), { name: cteName(found), identifier: cteName(found), sql });
    },
    source: (args, where) => relationValue(relationOf(lookupSource(args as string[], Object.values(manifest.sources), where))),
    config: () => {},
    configValues: () => node.config,
    model: node,
    thisRelation: relationValue(relationOf(node)),
    isIncremental,
    extra: { selected_resources: toJinja([]), get_where_subquery: jinjaFunction(({ args }) => args[0]) },
  };
}

/** Arguments of a generic test: the model (narrowed by `where`), and what the properties file gives. */
function testArguments(parsed: ParsedProject, draft: Draft, scope: NodeScope): JinjaValue {
  const { renderer } = parsed;
  const file = draft.node.original_file_path;
  const metadata = draft.node.test_metadata!;
  const reference = /get_where_subquery\((.*)\) \}\}$/.exec(String(metadata.kwargs.model))![1]!;
  const values: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(draft.kwargs as Yaml)) {
    if (typeof value === "string" && key !== "column_name" && /^\s*(ref|source)\s*\(/.test(value))
      values[key] = renderer.evaluate(value, file, scope);
    else values[key] = key === "column_name" ? value : renderer.yamlValue(value, draft.where, scope);
  }
  const model = renderer.evaluate(reference, file, scope);
  const where = draft.node.config.where;
  values.model = where
    ? toJinja(
        `(select * from ${String(model.value)} where ${String(renderer.yamlValue(where, draft.where, scope))}) dbt_subquery`,
      )
    : model;
  return toJinja(values);
}

/** Puts CTEs before the SQL, joining a `with` that it starts with. */
export function injectCtes(sql: string, ctes: ReadonlyMap<string, string>): string {
  if (ctes.size === 0) return sql;
  const text = [...ctes].map(([name, body]) => `${name} as (\n${body}\n)`).join(", ");
  const start = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/.exec(sql)![0].length;
  const leading = /^with\b(\s+recursive\b)?/i.exec(sql.slice(start));
  if (!leading) return `${sql.slice(0, start)}with ${text}\n${sql.slice(start)}`;
  return `${sql.slice(0, start)}${leading[0]} ${text},${sql.slice(start + leading[0].length)}`;
}

/** The statement that counts the failures of a test. */
export function testStatement(node: ManifestNode, sql: string): string {
  const { fail_calc, warn_if, error_if, limit } = node.config as {
    fail_calc: string;
    warn_if: string;
    error_if: string;
    limit?: number;
  };
  const body = limit ? `${sql.trim()}\n    limit ${limit}` : sql.trim();
  return `select\n  ${fail_calc} as failures,\n  ${fail_calc} ${warn_if} as should_warn,\n  ${fail_calc} ${error_if} as should_error\nfrom (\n${body}\n) dbt_internal_test`;
}
