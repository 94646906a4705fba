/** What reads defs.yaml files. Loaded when a location has some: YAML and schemas are a good part of a small location's start. */
export const defsYamlReader = async () => (await import("./defs-yaml.ts")).readDefsYaml;
