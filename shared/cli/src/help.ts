import type { Command, Option } from "./command.ts";
import { commands } from "./commands.ts";

const groups = { work: "Work", look: "Look", make: "Make", data: "Data", care: "Care" } as const;

/** What `kc` alone prints. */
export function overview(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length)) + 2;
  const lines = ["kc: a multi-team data platform in one repository", ""];
  for (const [group, title] of Object.entries(groups)) {
    lines.push(title);
    for (const [name, entry] of Object.entries(commands))
      if (entry.group === group) lines.push(`  ${name.padEnd(width)}${entry.summary}`);
    lines.push("");
  }
  lines.push(
    "Examples",
    "  kc dev                                          everything, with the web UI at http://localhost:3000",
    "  kc test ingestion                               one team's checks and tests",
    "  kc materialize '+downstream/fact_virtual_count' the whole chain up to one asset",
    "",
    "kc <command> --help tells more, kc --version which kc this is. Inside locations/<name>, kc acts on that location.",
  );
  return lines.join("\n");
}

/** A usage of several lines has one form of the command on each. */
export const usageOf = (name: string, { usage }: Command): string =>
  `Usage: ${usage
    .split("\n")
    .map((form) => `kc ${name} ${form}`.trimEnd())
    .join("\n       ")}`;

export function commandHelp(name: string, command: Command): string {
  const options = Object.entries({
    ...command.options,
    help: { type: "boolean" as const, short: "h", description: "Show this" },
  }) as [string, Option][];
  const spelled = options.map(
    ([option, { short, value, description, of }]) =>
      [
        `${short ? `-${short}, ` : ""}--${option}${value ? ` ${value}` : ""}`,
        of?.some(Boolean)
          ? `${of.filter(Boolean).join(", ")}: ${description[0]!.toLowerCase()}${description.slice(1)}`
          : description,
      ] as const,
  );
  const width = Math.max(...spelled.map(([left]) => left.length)) + 2;
  const exampleWidth = Math.max(...command.examples.map(([left]) => left.length)) + 2;
  return [
    command.summary,
    "",
    usageOf(name, command),
    "",
    "Options",
    ...spelled.map(([left, right]) => `  ${left.padEnd(width)}${right}`),
    "",
    "Examples",
    ...command.examples.map(([left, right]) => `  ${left.padEnd(exampleWidth)}${right}`),
  ].join("\n");
}
