import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { UserError } from "../user-error.ts";
import type { Tree } from "./tree.ts";

const schema = z.strictObject({
  version: z.number().int().min(1),
  description: z.string(),
  questions: z.array(
    z.strictObject({
      name: z.string(),
      message: z.string(),
      /** Handlebars over the answers before it, or a value. Absent: there is no default. */
      default: z.union([z.string(), z.array(z.string())]).optional(),
    }),
  ),
  once: z.array(z.string()).default([]),
});

/** A folder of templates/: its description and its files. */
export type Template = z.infer<typeof schema> & { name: string; folder: string };
export type Answers = Record<string, string | string[]>;
/** Renders Handlebars text; a name that is not given is an error. */
export type Render = (text: string, values: Record<string, unknown>) => string;

/** @throws UserError when templates/ has no such template or its template.yaml is wrong. */
export function readTemplate(root: string, name: string): Template {
  const folder = join(root, "templates", name);
  const file = join(folder, "template.yaml");
  if (!existsSync(file)) throw new UserError(`there is no template "${name}": ${file} is missing`);
  const parsed = schema.safeParse(parse(readFileSync(file, "utf8")));
  if (parsed.success) return { ...parsed.data, name, folder };
  const issue = parsed.error.issues[0]!;
  throw new UserError(`templates/${name}/template.yaml: ${issue.path.join(".")}: ${issue.message}`);
}

/** Handlebars as templates use it: no HTML escaping, no missing names, `{{json x}}` for a value in JSON. */
export function renderer(handlebars: {
  compile(text: string, options: object): (values: object, options: object) => string;
}): Render {
  const helpers = { json: (value: unknown) => JSON.stringify(value) };
  return (text, values) => handlebars.compile(text, { noEscape: true, strict: true })(values, { helpers });
}

/** Every file of a template rendered, by its path in the new folder. `.hbs` files are rendered, others taken as they are. */
export function renderTemplate(template: Template, values: Record<string, unknown>, render: Render): Map<string, string> {
  const rendered = new Map<string, string>();
  for (const path of filesBelow(template.folder)) {
    if (path === "template.yaml") continue;
    const text = readFileSync(join(template.folder, path), "utf8");
    const target = path.replace(/\.hbs$/, "");
    try {
      const result = path.endsWith(".hbs") ? render(text, values) : text;
      // Parsed and written anew: a template that renders no JSON is found here, not by the team.
      const json = path.endsWith(".json.hbs");
      rendered.set(target, json ? `${JSON.stringify(JSON.parse(result), null, 2)}\n` : result);
    } catch (error) {
      throw new Error(`templates/${template.name}/${path}: ${(error as Error).message}`, { cause: error });
    }
  }
  return rendered;
}

/**
 * Stages a rendered template with the record that an update needs: the answers, and the template's own text of each file
 * that an update may merge.
 */
export function stageTemplate(
  tree: Tree,
  template: Template,
  params: { into: string; answers: Answers; values: Record<string, unknown>; render: Render },
): number {
  const { into, answers, values, render } = params;
  const rendered = renderTemplate(template, values, render);
  for (const [path, text] of rendered) tree.write(`${into}/${path}`, text);
  const { name, version } = template;
  const base = Object.fromEntries([...rendered].filter(([path]) => !template.once.includes(path)));
  tree.write(
    `${into}/.kc/answers.yaml`,
    `# What this folder was generated from. kc update reads it; change nothing here.\n${stringify({ template: name, version, answers }, { lineWidth: 0 })}`,
  );
  tree.write(`${into}/.kc/base.json`, `${JSON.stringify({ template: name, version, files: base }, null, 2)}\n`);
  return rendered.size;
}

/** Hash of everything in a template but its version: it changes when, and only when, the version must. */
export function templateHash(template: Template): string {
  const hash = createHash("sha256");
  for (const path of filesBelow(template.folder)) {
    const text = readFileSync(join(template.folder, path), "utf8");
    const counted = path === "template.yaml" ? text.replace(/^version:.*$/m, "") : text;
    hash.update(`${path}\0${counted.length}\0${counted}`);
  }
  return hash.digest("hex");
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => statSync(join(folder, path)).isFile())
    .map((path) => relative(folder, join(folder, path)).replaceAll(sep, "/"))
    .sort();
}
