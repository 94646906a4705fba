import { diffLines } from "./diff.ts";
import { steps } from "./steps.ts";
import type { Answers } from "./template.ts";
import type { Operation } from "./tree.ts";

/** The plan as `--dry-run` shows it: every file and step in order, with the difference of files that exist. */
export function planLines(operations: readonly Operation[]): string[] {
  return operations.flatMap((one) => {
    if (one.kind === "step") return [`  step    ${steps[one.step]!.title(one.location)}`];
    if (one.kind === "create") return [`  create  ${one.path}  (${one.after.trimEnd().split("\n").length} lines)`];
    return [`  update  ${one.path}`, ...diffLines(one.before!, one.after).map((line) => `          ${line}`)];
  });
}

/** The plan for a program. `applied`: it has been carried out. */
export function planJson(generator: string, answers: Answers, operations: readonly Operation[], applied: boolean) {
  return {
    generator,
    answers,
    applied,
    operations: operations.map((one) => {
      if (one.kind === "step") return { kind: one.kind, step: one.step, location: one.location };
      if (one.kind === "create") return { kind: one.kind, path: one.path, text: one.after };
      return { kind: one.kind, path: one.path, diff: diffLines(one.before!, one.after) };
    }),
  };
}
