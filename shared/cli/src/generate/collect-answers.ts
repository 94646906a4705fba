import { UsageError } from "../command.ts";
import type { Prompt } from "../generators.ts";
import type { Answers } from "./template.ts";

interface Sources {
  /** What flags and words of the command line say; undefined where they say nothing. */
  given: Record<string, unknown>;
  /** Take the defaults of what is not given. */
  defaults: boolean;
  /** Asks at the terminal; absent where nobody can be asked. */
  ask: ((prompts: readonly Prompt[], known: Answers) => Promise<Answers>) | undefined;
}

/**
 * An answer to every question: given, asked for, or its default; each checked. Undefined when the person left the questions
 * with Ctrl-C.
 * @throws UsageError naming the flag of an answer that is wrong, or missing where nobody can be asked.
 */
export async function collectAnswers(prompts: readonly Prompt[], sources: Sources): Promise<Answers | undefined> {
  const { given, defaults, ask } = sources;
  const answers: Answers = {};
  for (const prompt of prompts) {
    const typed = given[prompt.name];
    if (typeof typed === "string") answers[prompt.name] = checked(prompt, typed);
  }
  const open = prompts.filter((prompt) => !(prompt.name in answers));
  if (open.length > 0 && ask && !defaults) {
    try {
      Object.assign(answers, await ask(open, { ...answers }));
    } catch (error) {
      // Ctrl-C at a question is no failure.
      if (/ExitPrompt|force closed/i.test(`${(error as Error).name} ${(error as Error).message}`)) return undefined;
      throw error;
    }
  }
  // In the order of the questions: a default may use the answers before it.
  for (const prompt of prompts)
    answers[prompt.name] = checked(prompt, answers[prompt.name] ?? standard(prompt, answers, defaults));
  return Object.fromEntries(prompts.map(({ name }) => [name, answers[name]!]));
}

function checked(prompt: Prompt, value: unknown): string | string[] {
  const filtered = prompt.filter ? prompt.filter(value as never) : value;
  const verdict = prompt.validate(filtered);
  if (verdict !== true) throw new UsageError(prompt.name === "name" ? verdict : `--${prompt.name}: ${verdict}`);
  return filtered as string | string[];
}

function standard(prompt: Prompt, answers: Answers, defaults: boolean): unknown {
  const value = typeof prompt.default === "function" ? prompt.default(answers) : prompt.default;
  if (value === undefined) throw new UsageError(`${prompt.message}: write it behind the generator's name`);
  if (defaults) return value;
  const shown = value.length === 0 ? "none" : `"${value}"`;
  throw new UsageError(
    `--${prompt.name} is missing (${prompt.message}), and there is no terminal to ask on. Add it, or --yes for the default: ${shown}`,
  );
}
