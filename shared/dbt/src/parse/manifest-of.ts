import { DbtError } from "../errors.ts";
import type { Renderer, RenderSettings } from "../jinja/renderer.ts";
import type { Manifest, ManifestNode, ManifestSource } from "../manifest.ts";
import type { Project } from "../project/project.ts";
import { isRecord, type Yaml } from "../project/yaml-file.ts";
import type { Draft } from "./draft.ts";
import { lookupRef, lookupSource } from "./lookup.ts";
import { md5, type Properties } from "./properties.ts";

/** What dbt artifacts say of the program that made them. The version is that of the dbt whose behaviour the subset follows. */
export function artifactMetadata(
  kind: string,
  settings: RenderSettings,
): Manifest["metadata"] & { dbt_schema_version: string; env: Record<string, string> } {
  const env = Object.entries(settings.env).filter(
    ([name, value]) => name.startsWith("DBT_CLOUD_") && value && !/TOKEN|SECRET/.test(name),
  );
  return {
    dbt_schema_version: `https://schemas.getdbt.com/dbt/${kind}.json`,
    dbt_version: "1.10.0",
    generated_at: new Date().toISOString(),
    invocation_id: settings.invocationId,
    env: Object.fromEntries(env.map(([name, value]) => [name, value!])),
  };
}

/** Resolves all references and puts the manifest together. */
export function manifestOf(
  project: Project,
  renderer: Renderer,
  properties: Properties,
  parts: { drafts: Draft[]; sources: Record<string, ManifestSource>; disabled: ManifestNode[] },
  settings: RenderSettings,
): Manifest {
  const nodes = parts.drafts.map((draft) => draft.node);
  const sources = Object.values(parts.sources);
  for (const draft of parts.drafts) {
    const found = draft.references.map((item) =>
      item.kind === "ref"
        ? lookupRef(item.args, nodes, parts.disabled, item.where ?? draft.where)
        : lookupSource(item.args, sources, item.where ?? draft.where),
    );
    draft.node.depends_on = {
      macros: draft.node.depends_on?.macros ?? [],
      nodes: [...new Set(found.map((node) => node.unique_id))],
    };
  }
  refuseOneRelationTwice(parts.drafts);
  const all: ManifestNode[] = [...nodes, ...sources];
  const parent_map = Object.fromEntries(all.map((node) => [node.unique_id, node.depends_on?.nodes ?? []]));
  const child_map: Record<string, string[]> = Object.fromEntries(all.map((node) => [node.unique_id, []]));
  for (const [id, parents] of Object.entries(parent_map)) for (const parent of parents) child_map[parent]?.push(id);
  refuseCycles(parent_map, new Map(parts.drafts.map((draft) => [draft.node.unique_id, draft])));
  const groups = Object.fromEntries(
    properties.groups.map(({ entry, name }) => [
      `group.${project.name}.${name}`,
      {
        name,
        owner: (isRecord(entry.owner) ? entry.owner : {}) as Yaml,
        resource_type: "group",
        unique_id: `group.${project.name}.${name}`,
        package_name: project.name,
      },
    ]),
  );
  for (const { node, where } of parts.drafts)
    if (node.group && !groups[`group.${project.name}.${node.group}`])
      throw new DbtError(
        "project",
        `${node.resource_type} "${node.name}" names the group "${node.group}", which is not defined`,
        { where },
      );
  return {
    metadata: {
      ...artifactMetadata("manifest/v12", settings),
      project_name: project.name,
      project_id: md5(project.name),
      adapter_type: "databricks",
    } as Manifest["metadata"],
    nodes: Object.fromEntries(nodes.map((node) => [node.unique_id, node])),
    sources: parts.sources,
    macros: Object.fromEntries(
      [...renderer.macros].map(([name, macro]) => [
        `macro.${project.name}.${name}`,
        {
          name,
          unique_id: `macro.${project.name}.${name}`,
          package_name: project.name,
          original_file_path: macro.file,
          resource_type: "macro",
        },
      ]),
    ),
    docs: Object.fromEntries(
      [...properties.docs].map(([name, block]) => [
        `doc.${project.name}.${name}`,
        {
          name,
          unique_id: `doc.${project.name}.${name}`,
          package_name: project.name,
          original_file_path: block.file,
          block_contents: block.text,
          resource_type: "doc",
        },
      ]),
    ),
    exposures: Object.fromEntries(
      properties.exposures.map((property) => [
        `exposure.${project.name}.${property.name}`,
        exposure(project, property.entry, property.yaml.file, nodes, sources, parts.disabled, property.where),
      ]),
    ),
    metrics: {},
    groups: groups as NonNullable<Manifest["groups"]>,
    selectors: {},
    disabled: Object.fromEntries(parts.disabled.map((node) => [node.unique_id, [node]])),
    parent_map,
    child_map,
    group_map: Object.fromEntries(
      properties.groups.map(({ name }) => [name, nodes.filter((node) => node.group === name).map((node) => node.unique_id)]),
    ),
    saved_queries: {},
    semantic_models: {},
    unit_tests: {},
  };
}

function exposure(
  project: Project,
  entry: Yaml,
  file: string,
  nodes: ManifestNode[],
  sources: ManifestSource[],
  disabled: ManifestNode[],
  where: string,
): ManifestNode {
  const name = String(entry.name);
  const needs = (Array.isArray(entry.depends_on) ? entry.depends_on : []).map((item) => {
    const match = /^\s*(ref|source)\s*\(([^)]*)\)\s*$/.exec(String(item));
    const args = [...(match?.[2] ?? "").matchAll(/'([^']*)'|"([^"]*)"/g)].map((part) => part[1] ?? part[2]!);
    if (!match || args.length === 0)
      throw new DbtError("project", `depends_on of exposure "${name}": "${String(item)}" is neither ref(…) nor source(…)`, {
        where,
      });
    return match[1] === "ref" ? lookupRef(args, nodes, disabled, where) : lookupSource(args, sources, where);
  });
  const { config, ...rest } = entry;
  return {
    ...rest,
    name,
    unique_id: `exposure.${project.name}.${name}`,
    resource_type: "exposure",
    package_name: project.name,
    path: file,
    original_file_path: file,
    fqn: [project.name, name],
    config: (config ?? { enabled: true }) as Yaml,
    depends_on: { macros: [], nodes: needs.map((node) => node.unique_id) },
  };
}

function refuseOneRelationTwice(drafts: Draft[]): void {
  const seen = new Map<string, Draft>();
  for (const draft of drafts) {
    const relation = draft.node.resource_type === "test" ? null : draft.node.relation_name?.toLowerCase();
    if (!relation) continue;
    const other = seen.get(relation);
    if (other)
      throw new DbtError("project", `"${other.node.name}" and "${draft.node.name}" make the same relation ${relation}`, {
        where: draft.where,
        hint: "Give one of them another alias or schema.",
      });
    seen.set(relation, draft);
  }
}

function refuseCycles(parents: Record<string, string[]>, drafts: Map<string, Draft>): void {
  const done = new Set<string>();
  const open: string[] = [];
  const visit = (id: string): void => {
    if (done.has(id)) return;
    const at = open.indexOf(id);
    if (at >= 0) {
      const names = [...open.slice(at), id].map((item) => drafts.get(item)?.node.name ?? item);
      throw new DbtError("project", `models depend on each other in a circle: ${names.join(" -> ")}`, {
        where: drafts.get(id)?.where,
      });
    }
    open.push(id);
    for (const parent of parents[id] ?? []) visit(parent);
    open.pop();
    done.add(id);
  };
  for (const id of Object.keys(parents)) visit(id);
}
