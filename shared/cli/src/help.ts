import type { Command } from "./command.ts";
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
    "kc <command> --help tells more. Inside locations/<name>, kc acts on that location.",
  );
  return lines.join("\n");
}

export function commandHelp(name: string, command: Command): string {
  const options = Object.entries({
    ...command.options,
    help: { type: "boolean" as const, short: "h", description: "Show this" },
  }) as [string, { short?: string; value?: string; description: string }][];
  const spelled = options.map(
    ([option, { short, value, description }]) =>
      [`${short ? `-${short}, ` : ""}--${option}${value ? ` ${value}` : ""}`, description] as const,
  );
  const width = Math.max(...spelled.map(([left]) => left.length)) + 2;
  const exampleWidth = Math.max(...command.examples.map(([left]) => left.length)) + 2;
  return [
    command.summary,
    "",
    `Usage: kc ${name} ${command.usage}`.trimEnd(),
    "",
    "Options",
    ...spelled.map(([left, right]) => `  ${left.padEnd(width)}${right}`),
    "",
    "Examples",
    ...command.examples.map(([left, right]) => `  ${left.padEnd(exampleWidth)}${right}`),
  ].join("\n");
}

/** ` Did you mean "test"?` for a mistyped command. */
export function closest(name: string): string {
  const found = Object.keys(commands).find((known) => known.startsWith(name) || name.startsWith(known) || swapped(known, name));
  return found ? ` Did you mean "${found}"?` : "";
}

/** One letter more, less, other or swapped with its neighbour. */
function swapped(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let at = 0;
  while (at < Math.min(a.length, b.length) && a[at] === b[at]) at++;
  const tails = [
    [a.slice(at + 1), b.slice(at + 1)],
    [a.slice(at), b.slice(at + 1)],
    [a.slice(at + 1), b.slice(at)],
    [a.slice(at + 2), b.slice(at + 2)],
  ];
  return tails.some(([x, y]) => x === y);
}
