import { DbtError } from "../errors.ts";
import { finishConfig, mergeConfig } from "../project/config.ts";
import type { ProjectFile } from "../project/project.ts";
import type { Yaml } from "../project/yaml-file.ts";
import type { Parsing, Reference } from "./draft.ts";
import { description, keep, layers, node as makeNode, parseScope, propertyConfig, relation } from "./node.ts";
import type { Property } from "./properties.ts";

/** Parses a model or a seed. */
export function parseModel(p: Parsing, file: ProjectFile, resourceType: "model" | "seed", properties: Property[]): void {
  const { project } = p;
  const parts = file.path.replace(/\.(sql|csv)$/, "").split("/");
  const name = parts.at(-1)!;
  const where = `${file.file}:1`;
  const id = `${resourceType}.${project.name}.${name}`;
  const clash = p.drafts.get(`model.${project.name}.${name}`) ?? p.drafts.get(`seed.${project.name}.${name}`);
  if (clash)
    throw new DbtError("project", `two resources are named "${name}": ${clash.node.original_file_path} and ${file.file}`, {
      where,
      hint: "ref() needs names that differ across models and seeds.",
    });
  const fqn = [project.name, ...parts];
  const property = properties.find((entry) => entry.name === name);
  const own = property ? propertyConfig(p, property) : {};
  let config: Yaml = {};
  for (const layer of layers(p, resourceType === "seed" ? "seeds" : "models", fqn)) config = mergeConfig(config, layer, where);
  config = mergeConfig(config, own, property?.where);
  const references: Reference[] = [];
  let macros: string[] = [];
  if (resourceType === "model") {
    const base = config;
    let inFile: Yaml = {};
    const scope = parseScope(p, references, { name, package_name: project.name, fqn, unique_id: id });
    scope.config = (values, at) => {
      inFile = mergeConfig(inFile, values, at);
    };
    scope.configValues = () => mergeConfig(base, inFile, where);
    macros = p.renderer.render(file.text, file.file, scope).macros;
    config = mergeConfig(base, inFile, where);
  }
  const finished = finishConfig(config, resourceType, property?.where && Object.keys(own).length > 0 ? property.where : where);
  const node = makeNode(p, file, id, resourceType, name, fqn, finished);
  Object.assign(node, description(p, property), {
    depends_on: { macros: macros.map((macro) => `macro.${project.name}.${macro}`), nodes: [] },
  });
  relation(p, node, finished);
  keep(p, { node, references, where });
}
