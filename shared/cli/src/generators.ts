import { existsSync } from "node:fs";
import { join } from "node:path";
import type { NodePlopAPI } from "node-plop";
import type { Tree } from "./generate/tree.ts";

/** A question of a generator, as its file in generators/ states it. */
export interface Prompt {
  name: string;
  type: "input" | "checkbox";
  message: string;
  default?: unknown;
  choices?: string[];
  filter?(value: never): unknown;
  validate(value: unknown): true | string;
}

/** The generators of a repository, loaded by plop on a stage. */
export async function loadGenerators(root: string, tree?: Tree): Promise<NodePlopAPI> {
  // plop and its prompts take 100 ms to load: only who generates pays.
  const { default: nodePlop } = await import("node-plop");
  return nodePlop(join(root, "generators", "plopfile.mjs"), { destBasePath: root, force: false, tree } as never);
}

/** What `kc new` can make. */
export async function generators(root: string): Promise<{ name: string; description: string }[]> {
  if (!existsSync(join(root, "generators", "plopfile.mjs"))) return [];
  return (await loadGenerators(root)).getGeneratorList();
}
