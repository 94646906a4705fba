import type { Renderer } from "../jinja/renderer.ts";
import type { Manifest, ManifestNode, ManifestSource } from "../manifest.ts";
import type { Project } from "../project/project.ts";
import type { Yaml } from "../project/yaml-file.ts";
import type { Properties } from "./properties.ts";

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

/** What the parse phase gathers, and where from. */
export interface Parsing {
  project: Project;
  renderer: Renderer;
  properties: Properties;
  drafts: Map<string, Draft>;
  disabled: ManifestNode[];
  sources: Record<string, ManifestSource>;
  warnings: string[];
}
