import { readFileSync } from "node:fs";
import { relative, sep } from "node:path";
import { parseArgs } from "node:util";
import type { Command, CommandContext, Option } from "./command.ts";
import { commands } from "./commands.ts";
import { closest, commandHelp, overview } from "./help.ts";

/** Runs one command line and ends the process with its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const root = process.env.KC_ROOT!;
  const context: CommandContext = {
    root,
    cwd: process.cwd(),
    location: locationOf(root, process.cwd()),
    env: process.env,
    interactive: Boolean(process.stdout.isTTY) && !process.env.CI,
    print: (line = "") => void process.stdout.write(`${line}\n`),
    warn: (line) => void process.stderr.write(`${line}\n`),
  };
  let code = 0;
  // A pager that was closed early is no error; how the command ended is still told.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(code);
  });
  code = await run(argv, context);
  await flushed();
  process.exit(code);
}

/** Ends when all that was printed is written: a pipe takes 64 KB at once, and `process.exit` would drop the rest. */
export const flushed = async (): Promise<void> => {
  for (const stream of [process.stdout, process.stderr]) await new Promise<void>((resolve) => stream.write("", () => resolve()));
};

/** Runs a command line; answers its exit code. The three endings: a user's error, an expected code, an internal error. */
export async function run(argv: readonly string[], context: CommandContext): Promise<number> {
  const [name, ...rest] = argv;
  if (!name || name === "--help" || name === "-h" || name === "help") {
    const about = name === "help" && rest[0] ? commands[rest[0]] : undefined;
    context.print(about ? commandHelp(rest[0]!, await about.load()) : overview());
    return 0;
  }
  if (name === "--version" || name === "-v") {
    context.print(version());
    return 0;
  }
  const entry = commands[name];
  if (!entry) {
    context.warn(`kc: there is no command "${name}".${closest(name)}\n    kc lists them all.`);
    return 2;
  }
  try {
    const command = await entry.load();
    if (rest.includes("--help") || rest.includes("-h")) {
      context.print(commandHelp(name, command));
      return 0;
    }
    return await command.run({ ...parse(command, rest), context });
  } catch (error) {
    return tell(name, error as Error & { hint?: string; where?: string }, context);
  }
}

/** `kc 0.1.0 (node v26.1.0)`: what a report of a defect needs. */
function version(): string {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  return `kc ${manifest.version} (node ${process.version})`;
}

function parse(command: Command, argv: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(command.options ?? {}).map(([name, { description: _, value: __, ...option }]: [string, Option]) => [
      name,
      option,
    ]),
  );
  const parsed = (args: string[]) => parseArgs({ args, options, allowPositionals: true, strict: true });
  // `--limit -1` means a value: what is wrong with it the command says better than the parser.
  const words: string[] = [];
  for (const word of argv) {
    const option = words.at(-1)?.startsWith("--") ? options[words.at(-1)!.slice(2)] : undefined;
    if (option?.type === "string" && /^-\d/.test(word)) words.push(`${words.pop()}=${word}`);
    else words.push(word);
  }
  // A negative number is a word and no option: the command says what it takes.
  const negative = words.filter((word, index) => /^-\d+$/.test(word) && !words[index - 1]?.startsWith("-"));
  const { values, positionals } = parsed(
    negative.length > 0 && !words.includes("--")
      ? [...words.filter((word) => !negative.includes(word)), "--", ...negative]
      : words,
  );
  return { values: values as Record<string, string | boolean | undefined>, positionals };
}

function tell(
  name: string,
  error: Error & { hint?: string; where?: string; code?: unknown; internal?: string },
  context: CommandContext,
): number {
  if (error.name === "UsageError" || String(error.code).startsWith("ERR_PARSE_ARGS")) {
    context.warn(`kc ${name}: ${error.message}\n    kc ${name} --help shows what it takes.`);
    return 2;
  }
  if ((error.name === "UserError" || error.name === "ApiError") && !error.internal) {
    const hint = error.hint ? `\n    ${error.hint.replaceAll("\n", "\n    ")}` : "";
    context.warn(`kc ${name}: ${error.where ? `${error.where}: ` : ""}${error.message}${hint}`);
    return 1;
  }
  context.warn(
    `kc ${name}: internal error: ${error.internal ?? error.stack ?? error}\n    This is a defect of kc. Please report it with the lines above and the output of: kc doctor`,
  );
  return 1;
}

/** The location whose folder (or a folder below it) the command was typed in. */
export function locationOf(root: string, cwd: string): string | undefined {
  const parts = relative(root, cwd).split(sep);
  return parts[0] === "locations" && parts[1] && parts[1] !== ".." ? parts[1] : undefined;
}
