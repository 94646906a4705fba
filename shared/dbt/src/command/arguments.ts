import { parseArgs } from "node:util";
import { parse as parseYamlText } from "yaml";
import { DbtError, didYouMean, unsupported } from "../errors.ts";
import type { Yaml } from "../project/yaml-file.ts";
import type { IndirectSelection } from "../select/select.ts";

export const commands = ["build", "run", "test", "seed", "compile", "parse", "ls", "list", "docs generate", "deps"] as const;
export type CommandName = Exclude<(typeof commands)[number], "list">;

/** A dbt command line, understood. */
export interface DbtCommand {
  which: CommandName;
  select: string[];
  exclude: string[];
  resourceTypes: string[];
  indirect: IndirectSelection;
  vars: Yaml;
  fullRefresh: boolean;
  failFast: boolean;
  threads: number | undefined;
  target: string | undefined;
  output: "name" | "path" | "selector" | "json";
}

const options = {
  select: { type: "string", short: "s", multiple: true },
  models: { type: "string", short: "m", multiple: true },
  exclude: { type: "string", multiple: true },
  "resource-type": { type: "string", multiple: true },
  "indirect-selection": { type: "string" },
  vars: { type: "string" },
  "full-refresh": { type: "boolean", short: "f" },
  "fail-fast": { type: "boolean", short: "x" },
  threads: { type: "string" },
  target: { type: "string", short: "t" },
  output: { type: "string" },
  "no-partial-parse": { type: "boolean" },
  "no-compile": { type: "boolean" },
  quiet: { type: "boolean", short: "q" },
} as const;

/**
 * Understands a dbt command: a line ("dbt build --select tag:x") or its words.
 * @throws DbtError of kind usage.
 */
export function parseCommand(given: string | readonly string[]): DbtCommand {
  const words = typeof given === "string" ? splitWords(given) : [...given];
  if (words[0] === "dbt") words.shift();
  const at = words.findIndex((word) => !word.startsWith("-"));
  if (at !== 0)
    throw new DbtError(
      "usage",
      words.length === 0 ? "no dbt command is given" : `a dbt command starts with its name, not with ${words[0]}`,
      { hint: `It is one of ${commands.join(", ")}.` },
    );
  let which = words.shift()!;
  if (which === "docs") which = `docs ${words.shift() ?? ""}`.trim();
  if (!(commands as readonly string[]).includes(which)) {
    if (/^(snapshot|source|run-operation|retry|clone|show|docs serve|debug|init|clean|docs)\b/.test(which))
      throw unsupported(`the command "dbt ${which}"`);
    throw new DbtError("usage", `there is no command "dbt ${which}".${didYouMean(which, commands)}`);
  }
  const { values, positionals } = strict(gatherLists(words));
  if (positionals.length > 0) throw new DbtError("usage", `"${positionals[0]}" belongs to no option`);
  const indirect = (values["indirect-selection"] ?? "eager") as IndirectSelection;
  if (!["eager", "cautious", "buildable", "empty"].includes(indirect))
    throw new DbtError("usage", `--indirect-selection: "${indirect}" is none of eager, cautious, buildable, empty`);
  const threads = values.threads === undefined ? undefined : Number(values.threads);
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 256))
    throw new DbtError("usage", `--threads must be a whole number from 1, not "${values.threads}"`);
  const output = (values.output ?? "selector") as DbtCommand["output"];
  if (!["name", "path", "selector", "json"].includes(output))
    throw new DbtError("usage", `--output: "${output}" is none of name, path, selector, json`);
  return {
    which: (which === "list" ? "ls" : which) as CommandName,
    select: [...(values.select ?? []), ...(values.models ?? [])],
    exclude: values.exclude ?? [],
    resourceTypes: values["resource-type"] ?? [],
    indirect,
    vars: readVars(values.vars),
    fullRefresh: values["full-refresh"] ?? false,
    failFast: values["fail-fast"] ?? false,
    threads,
    target: values.target,
    output,
  };
}

interface Values {
  select?: string[];
  models?: string[];
  exclude?: string[];
  "resource-type"?: string[];
  "indirect-selection"?: string;
  vars?: string;
  "full-refresh"?: boolean;
  "fail-fast"?: boolean;
  threads?: string;
  target?: string;
  output?: string;
}

function strict(words: string[]): { values: Values; positionals: string[] } {
  const { values, positionals, tokens } = parseArgs({
    args: words,
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const names = Object.keys(options).map((name) => `--${name}`);
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const { rawName, value, inlineValue } = token;
    const option = options[token.name as keyof typeof options];
    if (!option)
      throw new DbtError("usage", `there is no option ${rawName}.${didYouMean(rawName, names)}`, {
        hint: `The embedded runner knows ${names.join(", ")}.`,
      });
    if (option.type === "boolean" && value !== undefined) throw new DbtError("usage", `${rawName} takes no value`);
    if (option.type === "string" && (value === undefined || (!inlineValue && /^-{1,2}[a-z]/.test(value))))
      throw new DbtError("usage", `${rawName} needs a value`);
  }
  return { values: values as Values, positionals };
}

/** dbt's lists take several words (`--select a b`): each becomes an option of its own. */
function gatherLists(words: string[]): string[] {
  const lists: Record<string, string> = {
    "--select": "--select",
    "-s": "--select",
    "--models": "--models",
    "-m": "--models",
    "--exclude": "--exclude",
    "--resource-type": "--resource-type",
  };
  const out: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const list = lists[words[index]!];
    if (!list) {
      out.push(words[index]!);
      continue;
    }
    let taken = 0;
    while (index + 1 < words.length && !/^-{1,2}[a-z]/.test(words[index + 1]!)) {
      out.push(`${list}=${words[++index]!}`);
      taken++;
    }
    if (taken === 0) throw new DbtError("usage", `${list} names nothing`);
  }
  return out;
}

function readVars(text: string | undefined): Yaml {
  if (text === undefined) return {};
  let value: unknown;
  try {
    value = parseYamlText(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new DbtError("usage", "--vars must be a mapping in YAML or JSON", { hint: `Write --vars '{"name": "value"}'.` });
  return value as Yaml;
}

/** Splits a command line as a POSIX shell does, without expanding anything. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let [word, quote, open] = ["", "", false];
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!;
    if (quote) {
      if (char === quote) quote = "";
      else if (char === "\\" && quote === '"' && /["\\$`]/.test(line[at + 1] ?? "")) word += line[++at];
      else word += char;
    } else if (char === "'" || char === '"') {
      quote = char;
      open = true;
    } else if (char === "\\" && at + 1 < line.length) {
      word += line[++at];
      open = true;
    } else if (/\s/.test(char)) {
      if (open) words.push(word);
      [word, open] = ["", false];
    } else {
      word += char;
      open = true;
    }
  }
  if (quote) throw new DbtError("usage", `the quote ${quote} is not closed in: ${line}`);
  if (open) words.push(word);
  return words;
}
