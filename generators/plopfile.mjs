// plop's entry. `kc new` loads it with a stage of its own (dry run, one commit, undo); plop by itself works as well:
// npx plop --plopfile generators/plopfile.mjs location sales_emea …
import { resolve } from "node:path";
import {
  appendToList,
  apply,
  readTemplate,
  recover,
  renderer,
  stagedTree,
  stageTemplate,
  steps,
} from "../shared/cli/src/generate/index.ts";
import { location } from "./location.mjs";

/** Every generator: one file each. */
const generators = { location };

/** @param plop {import("plop").NodePlopAPI} @param config {{ tree?: import("../shared/cli/src/generate/index.ts").Tree }} */
export default function plopfile(plop, config = {}) {
  const root = resolve(import.meta.dirname, "..");
  const tree = config.tree ?? stagedTree(root);
  const render = renderer(plop.handlebars);

  // { template, into, values }: a folder of templates/, with the record that kc update needs
  plop.setActionType("kc:template", (answers, { template, into, values }) => {
    const count = stageTemplate(tree, readTemplate(tree.root, template), { into, answers, values, render });
    return `${into}: ${count} files`;
  });
  // { file, list, item }: one more item in a list of a YAML file, comments kept
  plop.setActionType("kc:yaml", (_answers, { file, list, item }) => {
    const text = tree.read(file);
    if (text === undefined) throw new Error(`there is no ${file}`);
    tree.write(file, appendToList(text, list, item, file));
    return file;
  });
  // { step, location }: a step that kc runs after everything above it was written
  plop.setActionType("kc:step", (_answers, { step, location: name }) => {
    tree.step(step, name);
    return step;
  });
  plop.setActionType("kc:apply", async (_answers, { what }) => {
    recover(tree.root);
    const { signal } = new AbortController();
    const report = (line) => console.log(line);
    await apply(tree.operations(), { root: tree.root, what, steps, env: process.env, signal, report });
    return what;
  });

  for (const [name, make] of Object.entries(generators)) {
    const generator = make({ root: tree.root, render, readTemplate: (template) => readTemplate(tree.root, template) });
    const { actions } = generator;
    // Within kc the command applies what was staged.
    const alone = (answers) => [...actions(answers), { type: "kc:apply", what: `${name} ${answers.name}` }];
    plop.setGenerator(name, { ...generator, actions: config.tree ? actions : alone });
  }
}
