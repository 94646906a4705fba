import {
  connectionChoices,
  connectionList,
  connectionsProblem,
  descriptionProblem,
  locationNameProblem,
  locationValues,
  teamName,
  teamProblem,
} from "../shared/cli/src/generate/index.ts";

/** How each question of templates/location/template.yaml is asked and checked. */
const questions = {
  name: { type: "input", problem: (value, root) => locationNameProblem(root, value) },
  team: { type: "input", filter: teamName, problem: teamProblem },
  description: { type: "input", problem: descriptionProblem },
  connections: { type: "checkbox", choices: connectionChoices, filter: connectionList, problem: connectionsProblem },
};

/** A team's code location: a folder of its own and one line in workspace.yaml. */
export function location({ root, render, readTemplate }) {
  const template = readTemplate("location");
  const prompts = template.questions.map(({ name, message, default: standard }) => {
    const { problem, ...prompt } = questions[name];
    const initial = typeof standard === "string" ? { default: (answers) => render(standard, answers) } : { default: standard };
    return { ...prompt, name, message, ...initial, validate: (value) => problem(value, root) ?? true };
  });
  return {
    description: template.description,
    prompts,
    actions(answers) {
      for (const { name, validate } of prompts) {
        const verdict = validate(answers[name]);
        if (verdict !== true) throw new Error(verdict);
      }
      const { name } = answers;
      return [
        { type: "kc:template", template: "location", into: `locations/${name}`, values: locationValues(answers) },
        // Installed before it is listed: a running kc dev loads it the moment workspace.yaml names it.
        { type: "kc:step", step: "install", location: name },
        {
          type: "kc:yaml",
          file: "workspace.yaml",
          list: ["load_from"],
          item: { package: { path: `locations/${name}` } },
        },
        { type: "kc:step", step: "declare", location: name },
        { type: "kc:step", step: "test", location: name },
      ];
    },
  };
}
