import { Renderer, type RenderSettings } from "../jinja/renderer.ts";
import type { Manifest } from "../manifest.ts";
import type { Project } from "../project/project.ts";
import { singularTest, testsOf } from "./data-test.ts";
import type { ParsedProject, Parsing } from "./draft.ts";
import { manifestOf } from "./manifest-of.ts";
import { parseModel } from "./model.ts";
import { type Property, readProperties } from "./properties.ts";
import { parseSource } from "./source.ts";

/**
 * The parse phase: every template is rendered once with `execute` false, which collects config(), ref() and source().
 * @throws DbtError with file and line.
 */
export function parseProject(project: Project, settings: RenderSettings): ParsedProject {
  const renderer = new Renderer(project, settings);
  const properties = readProperties(project);
  const parsing: Parsing = { project, renderer, properties, drafts: new Map(), disabled: [], sources: {}, warnings: [] };
  return { ...parsing, manifest: manifest(parsing, settings) };
}

function manifest(p: Parsing, settings: RenderSettings): Manifest {
  for (const property of p.properties.sources) parseSource(p, property);
  for (const file of p.project.files.models) parseModel(p, file, "model", p.properties.models);
  for (const file of p.project.files.seeds) parseModel(p, file, "seed", p.properties.seeds);
  unmatched(p, "models", p.properties.models, "model");
  unmatched(p, "seeds", p.properties.seeds, "seed");
  for (const draft of [...p.drafts.values()]) {
    const kind = draft.node.resource_type === "seed" ? "seeds" : "models";
    const property = p.properties[kind].find((entry) => entry.name === draft.node.name);
    if (property) testsOf(p, property, property.entry, property.path, draft.node, `ref('${draft.node.name}')`);
  }
  for (const file of p.project.files.tests) if (!file.path.startsWith("generic/")) singularTest(p, file);
  const manifest = manifestOf(
    p.project,
    p.renderer,
    p.properties,
    { drafts: [...p.drafts.values()], sources: p.sources, disabled: p.disabled },
    settings,
  );
  return manifest;
}

function unmatched(p: Parsing, section: string, list: Property[], kind: string): void {
  for (const { name, where } of list) {
    const known = [...p.drafts.values(), ...p.disabled.map((node) => ({ node }))].some(
      ({ node }) => node.name === name && node.resource_type === kind,
    );
    if (!known) p.warnings.push(`${where}: ${section} describes "${name}", but there is no ${kind} with this name`);
  }
}
