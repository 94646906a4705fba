import type { ParseArgsOptionDescriptor } from "node:util";
import { nearOrAll } from "./nearest-name.ts";

/** An option of a command, with what `--help` says of it. */
export type Option = ParseArgsOptionDescriptor & {
  description: string;
  value?: string;
  /** It is not read here: it is told in the help, and passed on with all others that the command does not know. */
  passed?: boolean;
  /** Verbs that read it; "" is the command without a verb. Absent: all. */
  of?: readonly string[];
};

export interface CommandContext {
  /** The repository. */
  root: string;
  /** The location of the folder the command was typed in, if any. */
  location: string | undefined;
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Standard output is a terminal and this is no CI: progress bars and colours are welcome. */
  interactive: boolean;
  print(line?: string): void;
  warn(line: string): void;
}

export interface Invocation {
  values: Record<string, string | boolean | (string | boolean)[] | undefined>;
  positionals: string[];
  context: CommandContext;
}

/** A command of kc. `run` answers the exit code: 0 ok, 1 failed, 2 usage. */
export interface Command {
  summary: string;
  usage: string;
  /** Options that it does not know belong to a program that it runs: they are words, in their order. */
  passesOptions?: boolean;
  /** First words that say what to do. */
  verbs?: readonly string[];
  /** The verb that is meant where no word is given. */
  defaultVerb?: string;
  examples: [string, string][];
  options?: Record<string, Option>;
  run(invocation: Invocation): Promise<number>;
}

/** A wrong use of the command line: its message and the usage, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The options that listing commands share. */
export const jsonOption: Record<"json", Option> = { json: { type: "boolean", description: "Print JSON" } };

/** The value of a string option, or undefined. */
export function text(values: Invocation["values"], name: string): string | undefined {
  const value = values[name];
  return typeof value === "string" ? value : undefined;
}

/** @throws UsageError when a command has no such verb. */
export function requireVerb(command: string, verb: string, verbs: readonly string[]): void {
  if (!verbs.includes(verb)) throw new UsageError(`there is no "kc ${command} ${verb}".${nearOrAll(verb, verbs)}`);
}

/** @throws UsageError at the first word that a command has no use for. */
export function noMore(words: readonly string[]): void {
  if (words.length > 0) throw new UsageError(`"${words[0]}" is one word too many`);
}

/** The selection of a command that also takes it as words. */
export const selectOption: Record<"select", Option> = {
  select: { type: "string", value: "SELECTION", description: "The selection, as the words" },
};

/** A word in which a parenthesis is opened or closed that another word closes or has opened. */
const isOpen = (word: string): boolean => word.split("(").length !== word.split(")").length;

/**
 * A selection that is given as words or by `--select`. Several words are one selection where they read as one, `kind:dbt and
 * group:shop`; else the assets of all of them are meant.
 * @throws UsageError when it is given twice.
 */
export function selectionOf(values: Invocation["values"], words: readonly string[]): string | undefined {
  const selection = text(values, "select");
  if (selection !== undefined && words.length > 0)
    throw new UsageError(`give the selection once: "${words[0]}" or --select "${selection}"`);
  if (selection !== undefined || words.length === 0) return selection;
  const whole = words.length === 1 || words.some((word) => /^(and|or|not)$/i.test(word) || isOpen(word));
  return whole ? words.join(" ") : words.map((word) => `(${word})`).join(" or ");
}

/** @throws UsageError when the option is no whole number from 1. */
export function number(values: Invocation["values"], name: string): number | undefined {
  const value = text(values, name);
  if (value === undefined) return undefined;
  if (!/^\d+$/.test(value) || Number(value) < 1) throw new UsageError(`--${name} "${value}" is not a whole number from 1`);
  return Number(value);
}

/** @throws UsageError when the option is no duration; `text` is what stands in it, when that is not all. */
export async function duration(
  values: Invocation["values"],
  name: string,
  spelled = text(values, name),
): Promise<number | undefined> {
  if (spelled === undefined) return undefined;
  const { durationMs } = await import("@kc/host/duration");
  try {
    return durationMs(spelled);
  } catch {
    throw new UsageError(`--${name} "${spelled}" is not a duration: write a number and its unit, as in 90s, 30m, 2h or 1d`);
  }
}
