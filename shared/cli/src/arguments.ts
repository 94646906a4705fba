import { parseArgs } from "node:util";
import { type Command, type Invocation, type Option, UsageError } from "./command.ts";
import { nearestName } from "./nearest-name.ts";

/** A command line that does not read as the command's: told with its usage. */
export class WrongArguments extends UsageError {}

/**
 * The options and words of a command line.
 * @throws WrongArguments at an option that the command does not have, a missing value, an option of another verb.
 */
export function parseArguments(name: string, command: Command, argv: readonly string[]): Omit<Invocation, "context"> {
  const options = command.options ?? {};
  if (command.passesOptions) return takeOwn(argv, options);
  const args = wordsOf(argv, options);
  const described = Object.entries(options).map(([option, { description: _, value: __, of: ___, passed: ____, ...rest }]) => [
    option,
    rest,
  ]);
  const { values, positionals, tokens } = parseArgs({
    args,
    options: Object.fromEntries(described) as Record<string, Pick<Option, "type">>,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) if (token.kind === "option") check(token, options, args);
  checkVerb(name, command, values, positionals);
  return { values, positionals };
}

const optionOf = (options: Record<string, Option>, name: string): Option | undefined =>
  Object.hasOwn(options, name) ? options[name] : undefined;

/** The command's own options; everything else stays as it is. */
function takeOwn(argv: readonly string[], options: Record<string, Option>): Omit<Invocation, "context"> {
  const values: Invocation["values"] = {};
  const positionals: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    const [name = "", inline] = word.startsWith("--") ? word.slice(2).split(/=(.*)/s) : [];
    const option = optionOf(options, name);
    if (!option || option.passed) positionals.push(word);
    else if (option.type === "boolean") values[name] = true;
    else {
      const value = inline ?? argv[++at];
      if (value === undefined || (inline === undefined && value.startsWith("-")))
        throw new WrongArguments(`--${name} needs a value: --${name} ${option.value}`);
      values[name] = value;
    }
  }
  return { values, positionals: positionals.filter((word) => word !== "--") };
}

/** A negative number is a value, or a word: what is wrong with it the command says better than the parser. */
function wordsOf(argv: readonly string[], options: Record<string, Option>): string[] {
  const words: string[] = [];
  for (const word of argv) {
    const option = words.at(-1)?.startsWith("--") ? optionOf(options, words.at(-1)!.slice(2)) : undefined;
    if (option?.type === "string" && /^-\d/.test(word)) words.push(`${words.pop()}=${word}`);
    else words.push(word);
  }
  const negative = words.filter((word, index) => /^-\d+$/.test(word) && !words[index - 1]?.startsWith("-"));
  return negative.length > 0 && !words.includes("--")
    ? [...words.filter((word) => !negative.includes(word)), "--", ...negative]
    : words;
}

interface OptionToken {
  name: string;
  rawName: string;
  index: number;
  value?: string | undefined;
  inlineValue?: boolean | undefined;
}

function check(
  { name, rawName, index, value, inlineValue }: OptionToken,
  options: Record<string, Option>,
  args: readonly string[],
): void {
  const option = optionOf(options, name);
  if (!option) throw new WrongArguments(unknown(rawName, args[index]!, options));
  if (option.type === "boolean" && value !== undefined)
    throw new WrongArguments(`${rawName} takes no value, and "${value}" is one`);
  if (option.type !== "string") return;
  const needed = `${rawName} needs a value: ${rawName} ${option.value ?? "VALUE"}`;
  if (value === undefined) throw new WrongArguments(needed);
  if (!inlineValue && value.length > 1 && value.startsWith("-"))
    throw new WrongArguments(`${needed}. One that begins with a dash is written ${rawName}=${value}`);
}

function unknown(rawName: string, word: string, options: Record<string, Option>): string {
  // `-json` is taken for -j -s -o -n.
  const asked = /^-\w{2,}/.test(word) ? word : rawName;
  const near = nearestName(asked.replace(/^-+|=.*$/g, ""), [...Object.keys(options), "help"]);
  return `there is no option ${asked}.${near ? ` Did you mean --${near}?` : ""}`;
}

/** An option of other verbs would do nothing, and who gave it would believe that it did. */
function checkVerb(
  name: string,
  { verbs, defaultVerb, options = {} }: Command,
  values: object,
  positionals: readonly string[],
): void {
  const verb = positionals[0] ?? defaultVerb;
  if (verb === undefined || !verbs?.includes(verb)) return;
  for (const [option, { of }] of Object.entries(options))
    if (of && option in values && !of.includes(verb))
      throw new WrongArguments(
        `--${option} belongs to ${of.map((one) => `kc ${name}${one && ` ${one}`}`).join(" and ")}, not to ${verb}`,
      );
}
