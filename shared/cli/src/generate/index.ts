// What generators/ is made of.
export { type ApplyOptions, apply } from "./apply.ts";
export { recover } from "./journal.ts";
export {
  connectionChoices,
  connectionList,
  connectionsProblem,
  descriptionProblem,
  locationNameProblem,
  locationValues,
  teamName,
  teamProblem,
} from "./location-answers.ts";
export { steps } from "./steps.ts";
export { type Answers, readTemplate, renderer, stageTemplate } from "./template.ts";
export { stagedTree, type Tree } from "./tree.ts";
export { appendToList } from "./yaml-list.ts";
