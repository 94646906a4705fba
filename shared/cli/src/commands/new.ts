import { type Command, type CommandContext, jsonOption, UsageError } from "../command.ts";
import { apply } from "../generate/apply.ts";
import { collectAnswers } from "../generate/collect-answers.ts";
import { recover } from "../generate/journal.ts";
import { planJson, planLines } from "../generate/plan.ts";
import { steps } from "../generate/steps.ts";
import type { Answers } from "../generate/template.ts";
import { type Operation, stagedTree } from "../generate/tree.ts";
import { loadGenerators, type Prompt } from "../generators.ts";
import { nearOrAll } from "../nearest-name.ts";
import { table } from "../table.ts";
import { UserError } from "../user-error.ts";

export const command: Command = {
  summary: "Generate a team's location: it is installed, type-checked, tested and part of the workspace, or nothing is changed.",
  usage: "location NAME [--team T] [--description D] [--connections a,b]",
  options: {
    team: { type: "string", value: "T", description: "Team that owns it, or an e-mail address (default: the name)" },
    description: { type: "string", value: "D", description: "What it is for, in one sentence" },
    connections: { type: "string", value: "a,b", description: "Connections it uses (kc list connections); default none" },
    yes: { type: "boolean", short: "y", description: "Ask nothing: take the defaults of what is not given" },
    "dry-run": { type: "boolean", description: "Show what would be written and run, and do nothing" },
    "skip-test": { type: "boolean", description: "Leave out its type check and tests" },
    "no-install": { type: "boolean", description: "Only write the files (leaves out the tests too)" },
    ...jsonOption,
  },
  examples: [
    ["kc new", "list the generators"],
    ["kc new location sales_emea", "ask the rest"],
    ["kc new location sales_emea --team sales --connections databricks --yes", "in a script"],
    ["kc new location sales_emea --yes --dry-run", "see it first"],
  ],
  async run({ values, positionals, context }) {
    const [name, ...rest] = positionals;
    const { root } = context;
    const tree = stagedTree(root);
    const plop = await loadGenerators(root, tree);
    const known = plop.getGeneratorList();
    if (!name) {
      if (values.json) context.print(JSON.stringify(known, null, 2));
      else
        context.print(
          table(
            ["generator", "description"],
            known.map((one) => [one.name, one.description]),
          ),
        );
      return 0;
    }
    if (!known.some((one) => one.name === name)) throw new UsageError(unknown(name, known));
    const extra = rest[1];
    if (extra !== undefined)
      throw new UsageError(`"${extra}" is one word too many; a text of several words needs quotes, and each answer its flag`);
    if (!values["dry-run"]) recoverKilled(context);
    const generator = plop.getGenerator(name);
    const answers = await collectAnswers(generator.prompts as unknown as Prompt[], {
      given: { ...values, name: rest[0] },
      defaults: values.yes === true,
      ask:
        mayAsk(context) && !values.json
          ? (prompts, known) => (plop as unknown as Inquirer).inquirer.prompt(prompts, known)
          : undefined,
    });
    if (!answers) return 130;
    const { failures } = await generator.runActions(answers);
    if (failures[0]) throw failed(failures[0]);
    const what = `${name} ${answers.name}`;
    const operations = tree.operations().filter((one) => wanted(one, values));
    if (values["dry-run"]) {
      if (values.json) context.print(JSON.stringify(planJson(name, answers, operations, false), null, 2));
      else {
        for (const line of planLines(operations)) context.print(line);
        context.print(`\nNothing was written. Without --dry-run, kc makes ${what}.`);
      }
      return 0;
    }
    if (!(await carryOut(operations, what, context, values.json === true))) return 130;
    if (values.json) context.print(JSON.stringify(planJson(name, answers, operations, true), null, 2));
    else for (const line of next(what, String(answers.name), values["no-install"] === true)) context.print(line);
    return 0;
  },
};

const next = (what: string, name: string, bare: boolean): string[] => [
  "",
  `${what} is ready in locations/${name}`,
  ...(bare ? ["  kc install --update    install what it needs (nothing else of kc runs before that)"] : []),
  `  kc dev ${name}    serve it (a running kc dev has it already)`,
  `  kc test ${name}   its types and tests`,
  "Commit the folder and workspace.yaml.",
];

/** Does it; Ctrl-C is the wish to have everything as it was. Answers whether it was done. */
async function carryOut(
  operations: readonly Operation[],
  what: string,
  context: CommandContext,
  quiet: boolean,
): Promise<boolean> {
  const abort = new AbortController();
  const stop = () => {
    if (!abort.signal.aborted) context.warn(`kc new: interrupted, taking ${what} back`);
    abort.abort();
  };
  process.on("SIGINT", stop).on("SIGTERM", stop).on("SIGHUP", stop);
  try {
    const report = (line: string) => (quiet ? context.warn(line) : context.print(line));
    await apply(operations, { root: context.root, what, steps, env: context.env, signal: abort.signal, report });
    return true;
  } catch (error) {
    if (!abort.signal.aborted || !(error instanceof UserError)) throw error;
    context.warn(`kc new: ${error.message}. ${error.hint}`);
    return false;
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop).off("SIGHUP", stop);
  }
}

function recoverKilled(context: CommandContext): void {
  const taken = recover(context.root);
  if (taken) context.warn(`kc new: ${taken} had been left half made by a killed kc; it was taken back`);
}

const mayAsk = (context: CommandContext): boolean => context.interactive && Boolean(process.stdin.isTTY);

/** --no-install and --skip-test leave steps out. */
function wanted(operation: Operation, values: Record<string, unknown>): boolean {
  if (operation.kind !== "step") return true;
  if (values["no-install"] && operation.step !== "declare") return false;
  return operation.step !== "test" || !values["skip-test"];
}

/** The first failure is the real one; node-plop hands out Errors as they are or their text. */
function failed(failure: { error?: string; message?: string }): Error {
  return failure instanceof Error ? failure : new UserError(failure.error ?? failure.message ?? "the generator failed");
}

function unknown(name: string, known: readonly { name: string }[]): string {
  return `there is no generator "${name}".${nearOrAll(
    name,
    known.map((one) => one.name),
  )}`;
}

/** node-plop hands out its inquirer; its types do not say so. */
interface Inquirer {
  inquirer: { prompt(prompts: readonly Prompt[], known: Answers): Promise<Answers> };
}
