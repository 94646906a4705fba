import { createHash } from "node:crypto";
import { DbtError, unsupported } from "../errors.ts";
import type { Project } from "../project/project.ts";
import { isRecord, parseYaml, records, type Yaml, type YamlFile } from "../project/yaml-file.ts";

/** An entry of a properties file and its place. */
export interface Property {
  entry: Yaml;
  name: string;
  yaml: YamlFile;
  path: (string | number)[];
  where: string;
}

export interface Properties {
  models: Property[];
  seeds: Property[];
  sources: Property[];
  macros: Property[];
  exposures: Property[];
  groups: Property[];
  tests: Property[];
  docs: Map<string, { text: string; file: string }>;
}

const sections = {
  models: "models",
  seeds: "seeds",
  sources: "sources",
  macros: "macros",
  exposures: "exposures",
  groups: "groups",
  data_tests: "tests",
} as const;
const refusedSections = ["snapshots", "unit_tests", "semantic_models", "metrics", "saved_queries", "analyses", "functions"];

/** Reads all properties files and docs blocks of the project. What is outside the subset is refused by name and line. */
export function readProperties(project: Project): Properties {
  const out: Properties = {
    models: [],
    seeds: [],
    sources: [],
    macros: [],
    exposures: [],
    groups: [],
    tests: [],
    docs: new Map(),
  };
  for (const file of project.files.properties) {
    const yaml = parseYaml(file.text, file.file);
    if (yaml.data === null || yaml.data === undefined) continue;
    if (!isRecord(yaml.data)) throw new DbtError("project", "a properties file must be a mapping", { where: `${file.file}:1` });
    for (const [section, value] of Object.entries(yaml.data)) {
      if (section === "version") continue;
      if (refusedSections.includes(section) && section !== "analyses")
        throw unsupported(`the section ${section}:`, yaml.at(section));
      const target = sections[section as keyof typeof sections];
      if (!target && section !== "analyses")
        throw new DbtError("project", `unknown section "${section}"`, {
          where: yaml.at(section),
          hint: `A properties file has ${Object.keys(sections).join(", ")}.`,
        });
      if (!target) continue;
      for (const [index, entry] of records(value, section, yaml.at(section)).entries()) {
        const where = yaml.at(section, index);
        if (typeof entry.name !== "string" || entry.name === "")
          throw new DbtError("project", `an entry of ${section} has no name`, { where });
        if (target === "models" && entry.versions) throw unsupported("versions: of a model", yaml.at(section, index, "versions"));
        out[target].push({ entry, name: entry.name, yaml, path: [section, index], where });
      }
    }
  }
  for (const kind of ["models", "seeds", "sources", "groups", "exposures"] as const) refuseTwice(kind, out[kind]);
  for (const file of project.files.docs)
    for (const match of file.text.matchAll(/\{%-?\s*docs\s+([A-Za-z_][\w]*)\s*-?%\}([\s\S]*?)\{%-?\s*enddocs\s*-?%\}/g))
      out.docs.set(match[1]!, { text: match[2]!.trim(), file: file.file });
  return out;
}

function refuseTwice(kind: string, list: Property[]): void {
  const seen = new Map<string, string>();
  for (const property of list) {
    const other = seen.get(property.name);
    if (other && kind !== "sources")
      throw new DbtError("project", `"${property.name}" is described twice in ${kind}: ${other} and ${property.where}`, {
        where: property.where,
      });
    seen.set(property.name, property.where);
  }
}

export const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
