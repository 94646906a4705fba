import { invokeDbt, type Manifest } from "@kc/dbt";

const projectDir = new URL("../../../../locations/dbt/dbt_project", import.meta.url).pathname;

/** The manifest of the dbt team's own project. */
export async function projectManifest(dir = projectDir): Promise<Manifest> {
  const executor = { execute: () => Promise.reject(new Error("parsing needs no database")) };
  const { manifest, error } = await invokeDbt("parse", {
    projectDir: dir,
    target: { name: "prod", database: "test", schema: "main", threads: 1 },
    executor,
    env: {},
  });
  if (!manifest) throw error ?? new Error("no manifest");
  return manifest;
}
