import { readFileSync } from "node:fs";
import { relative, sep } from "node:path";
import { parseArguments, WrongArguments } from "./arguments.ts";
import type { Command, CommandContext } from "./command.ts";
import { commands, meantBy } from "./commands.ts";
import { commandHelp, overview, usageOf } from "./help.ts";
import { nearestName } from "./nearest-name.ts";

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
    const asked = name === "help" ? rest[0] : undefined;
    const about = asked === undefined ? undefined : entryOf(asked);
    if (asked !== undefined && !about) return noCommand(asked, context);
    context.print(about ? commandHelp(asked!, await about.load()) : overview());
    return 0;
  }
  if (name === "--version" || name === "-v") {
    context.print(version());
    return 0;
  }
  const entry = entryOf(name);
  if (!entry) return noCommand(name, context);
  let command: Command | undefined;
  try {
    command = await entry.load();
    if (rest.includes("--help") || rest.includes("-h")) {
      context.print(commandHelp(name, command));
      return 0;
    }
    return await command.run({ ...parseArguments(name, command, rest), context });
  } catch (error) {
    return tell(name, error as Error & { hint?: string; where?: string }, context, command);
  }
}

const entryOf = (name: string) => (Object.hasOwn(commands, name) ? commands[name] : undefined);

function noCommand(name: string, context: CommandContext): number {
  const near = meantBy(name) ?? nearestName(name, Object.keys(commands));
  context.warn(
    name.startsWith("-")
      ? `kc: there is no option ${name} here: options stand behind a command.\n    kc lists the commands, kc <command> --help their options.`
      : `kc: there is no command "${name}".${near ? ` Did you mean "kc ${near}"?` : ""}\n    kc lists them all.`,
  );
  return 2;
}

/** `kc 0.1.0 (node v26.1.0)`: what a report of a defect needs. */
function version(): string {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  return `kc ${manifest.version} (node ${process.version})`;
}

function tell(
  name: string,
  error: Error & { hint?: string; where?: string; internal?: string },
  context: CommandContext,
  command: Command | undefined,
): number {
  if (error.name === "UsageError") {
    const usage = error instanceof WrongArguments && command ? `\n${usageOf(name, command)}`.replaceAll("\n", "\n    ") : "";
    context.warn(`kc ${name}: ${error.message}${usage}\n    kc ${name} --help shows what it takes.`);
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
