import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import type { CommandContext } from "../src/command.ts";
import { commands } from "../src/commands.ts";
import { locationOf, run } from "../src/main.ts";
import { ago, table } from "../src/table.ts";

const root = join(import.meta.dirname, "..", "..", "..");

/** Runs a command line in this process; answers its exit code and what it wrote. */
async function kc(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const context: CommandContext = {
    root,
    cwd: root,
    location: undefined,
    env: { ...process.env, CI: "1" },
    interactive: false,
    print: (line = "") => out.push(line),
    warn: (line) => err.push(line),
  };
  const code = await run(argv, context);
  return { code, out: out.join("\n"), err: err.join("\n") };
}

describe("kc", () => {
  test("alone lists every command with examples and ends well", async () => {
    const { code, out } = await kc();
    expect(code).toBe(0);
    for (const name of Object.keys(commands)) expect(out).toContain(`  ${name} `);
    expect(out).toContain("Examples");
  });

  test.each(["--version", "-v"])("%s tells its own version and Node's", async (option) => {
    expect(await kc(option)).toEqual({
      code: 0,
      out: expect.stringMatching(new RegExp(`^kc \\d+\\.\\d+\\.\\d+ \\(node ${process.version}\\)$`)),
      err: "",
    });
  });

  test("a command that does not exist ends with 2 and the nearest one", async () => {
    const { code, err } = await kc("materialise");
    expect(code).toBe(2);
    expect(err).toContain('there is no command "materialise". Did you mean "kc materialize"?');
  });

  test.each([
    [["--prot", "80"], "there is no option --prot here: options stand behind a command."],
    [["help", "materialise"], 'there is no command "materialise". Did you mean "kc materialize"?'],
    [["mat"], 'Did you mean "kc materialize"?'],
    [["assets"], 'there is no command "assets". Did you mean "kc list assets"?'],
    [["job"], 'Did you mean "kc list jobs"?'],
    [["logs", "x"], 'Did you mean "kc runs logs"?'],
    [["constructor"], 'there is no command "constructor".'],
  ])("%j is told what there is", async (argv, message) => {
    const { code, err } = await kc(...argv);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });

  test.each(Object.keys(commands))("kc %s --help shows usage, options and examples", async (name) => {
    const { code, out } = await kc(name, "--help");
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`Usage: kc ${name}`));
    expect(out).toMatch(/--help/);
    expect(out).toMatch(new RegExp(`Examples\\n {2}(kc ${name}|cd )`));
  });

  test.each([
    ["an unknown option", ["list", "assets", "--colour"], /^kc list: there is no option --colour\.\n {4}Usage: kc list </],
    ["a mistyped option", ["dev", "--prot", "80"], /there is no option --prot\. Did you mean --port\?\n {4}Usage: kc dev /],
    ["the beginning of an option", ["runs", "list", "--stat=failed"], /there is no option --stat\. Did you mean --status\?/],
    ["an option with one dash", ["runs", "list", "-json"], /there is no option -json\. Did you mean --json\?/],
    ["an option without its value", ["runs", "list", "--status"], /--status needs a value: --status STATUS\n/],
    [
      "an option in place of a value",
      ["runs", "list", "--status", "--json"],
      /--status needs a value: --status STATUS\. One that begins/,
    ],
    ["a value that is none of the option's", ["runs", "list", "--json=yes"], /--json takes no value, and "yes" is one/],
    ["an option of another verb", ["runs", "show", "x", "--status", "failed"], /--status belongs to kc runs list, not to show/],
    ["an option of the verb that is not meant", ["storage", "--runs", "1d"], /--runs belongs to kc storage prune, not to info/],
    ["an option of no verb", ["backfill", "list", "--all"], /--all belongs to kc backfill, not to list/],
    ["a port that is none", ["dev", "--port", "80000"], /--port "80000" is no port/],
    [
      "a mute for no time",
      ["alerts", "mute", "a", "--for", "soon"],
      /--for "soon" is not a duration: write a number and its unit/,
    ],
    ["a pause for a bare number", ["pause", "--select", "a", "--for", "2"], /--for "2" is not a duration/],
    ["a pruning of a bare number", ["storage", "prune", "--runs", "5", "--yes"], /--runs "5" is not a duration/],
    ["a simulation to nowhere", ["simulate", "--to", "+1x"], /--to "\+1x" is no span/],
    ["a soak of a bare number", ["bench", "--soak", "5", "--list"], /--soak "5" is not a duration/],
    ["a mistyped verb", ["runs", "lst"], /there is no "kc runs lst"\. Did you mean "list"\?/],
    ["a mistyped noun", ["list", "asets"], /no list of "asets"\. Did you mean "assets"\?/],
    ["no noun", ["list"], /of what\?/],
    ["a noun with a command of its own", ["list", "runs"], /no list of "runs"\. It is: kc runs list/],
    ["a noun that every object has", ["list", "constructor"], /no list of "constructor"/],
    ["an option that every object has", ["list", "--constructor"], /there is no option --constructor\./],
    ["an unknown noun", ["list", "tables"], /no list of "tables"/],
    ["no selection", ["materialize"], /which assets\?/],
    ["no job", ["launch"], /name one job/],
    ["an unknown verb", ["runs", "stop"], /no "kc runs stop"\. There are list, show, logs, cancel, retry\./],
    ["no run", ["runs", "show"], /which run\?/],
    ["a negative number", ["runs", "list", "--limit", "-1"], /--limit "-1" is not a whole number from 1/],
    [
      "an instant for a tick that is made now",
      ["schedules", "tick", "nightly", "--at", "yesterday"],
      /--at belongs to kc schedules preview, not to tick/,
    ],
    [
      "a cursor for a tick that is made now",
      ["sensors", "tick", "files", "--cursor", "x"],
      /--cursor belongs to kc sensors preview/,
    ],
    ["an unknown location to check", ["check", "ingestoin"], /there is no location "ingestoin"\. Did you mean "ingestion"\?/],
    ["an unknown location to serve", ["dev", "dtb"], /there is no location "dtb"\. Did you mean "dbt"\?/],
    ["no selection to pause", ["pause"], /pause what\?/],
    ["two selections to pause", ["pause", "orders", "--select", "orders"], /give the selection once/],
    ["a word behind pause list", ["pause", "list", "x"], /"x" is one word too many/],
    ["two selections to make", ["materialize", "a", "--select", "b"], /give the selection once/],
    ["a statement twice", ["pg", "select 1", "-c", "select 2"], /give the statement once/],
    ["a statement twice for the lakehouse", ["sql", "select 1", "-c", "select 2"], /give the statement once/],
    ["config twice", ["materialize", "a", "--config", "x", "--config-json", "{}"], /--config or --config-json, not both/],
    ["config that is no mapping", ["launch", "a", "--config-json", "[]"], /--config-json must hold an object/],
    ["a selection of what is not selected", ["list", "jobs", "--select", "a"], /--select belongs to kc list assets/],
    ["nothing to resume", ["resume"], /resume what\?/],
    ["no asset to show", ["automation", "show"], /which asset\?/],
    ["a bad number", ["runs", "list", "--limit", "many"], /not a whole number/],
    ["a run id too many", ["runs", "show", "a", "b"], /"b" is one word too many/],
    ["a simulation with two selections", ["simulate", "orders", "--select", "orders"], /give the selection once/],
    ["nothing to resume but words", ["resume", "a", "b"], /"b" is one word too many/],
    ["two selections to resume", ["resume", "a", "--select", "a"], /give the selection once/],
    ["a negative limit of a pool", ["pools", "set", "warehouse", "-1"], /how many slots\? "-1" is none\. A whole number from 0/],
    ["no age to prune", ["storage", "prune"], /prune what\?/],
    [
      "a pruning where nobody can be asked",
      ["storage", "prune", "--runs", "1s"],
      /ended runs with their events older than 1s.*give --yes/,
    ],
    ["an unknown location", ["test", "nowhere"], /no location or package "nowhere"/],
  ])("%s is a usage error: exit code 2 and how to go on", async (_, argv, message) => {
    const { code, err } = await kc(...argv);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(err).toContain("--help");
  });
});

test.each([
  "doctor",
  "schedules list",
  "schedules tick nightly",
  "sensors list",
  "runs list",
  "pools list",
  "pools unset warehouse",
  "alerts list",
  "storage info",
  "backfill list",
  "partitions list",
  "list locations",
  "list schedules",
  "list generators",
])("kc %s has no use for one more word: nothing is done", async (words) => {
  expect(await kc(...words.split(" "), "surplus")).toEqual({
    code: 2,
    out: "",
    err: expect.stringContaining('"surplus" is one word too many'),
  });
});

describe("options", () => {
  const all = async () =>
    (
      await Promise.all(
        Object.entries(commands).map(async ([name, entry]) => {
          const { options = {}, ...command } = await entry.load();
          return Object.entries(options).map(([option, described]) => ({ name, command, option, ...described }));
        }),
      )
    ).flat();
  test("of one name are of one kind and have one letter, in every command", async () => {
    const seen = new Map<string, string>();
    // Those of dbt are dbt's.
    for (const { name, option, type, short, passed } of await all()) {
      if (passed) continue;
      const form = `${type} ${short ?? ""}`;
      expect([name, option, seen.get(option) ?? form]).toEqual([name, option, form]);
      seen.set(option, form);
    }
  });
  test("are described by a sentence of their own, and belong to verbs that there are", async () => {
    for (const { name, option, description, of, command } of await all()) {
      expect(`${name} --${option}: ${description}`).toMatch(/: [A-Z]/);
      for (const verb of of ?? []) expect([name, option, "", ...(command.verbs ?? [])]).toContain(verb);
    }
  });
});

describe("the location of the folder", () => {
  test.each([
    ["/r/locations/dbt", "dbt"],
    ["/r/locations/dbt/src/assets", "dbt"],
    ["/r/locations", undefined],
    ["/r/shared/runtime", undefined],
    ["/elsewhere", undefined],
  ])("%s -> %s", (cwd, expected) => {
    expect(locationOf("/r", cwd)).toBe(expected);
  });
});

describe("tables", () => {
  test("columns are as wide as their widest cell, the last one is not padded", () => {
    expect(
      table(
        ["a", "long heading"],
        [
          ["wide cell", 1],
          [null, "x"],
        ],
      ),
    ).toBe("a          long heading\nwide cell  1\n           x");
  });
  test("times are told as a person says them", () => {
    const now = Date.parse("2026-01-02T00:00:00Z");
    expect(
      [null, "2026-01-01T23:59:57Z", "2026-01-01T23:50:00Z", "2026-01-01T20:00:00Z", "2025-12-20T00:00:00Z"].map((at) =>
        ago(at, now),
      ),
    ).toEqual(["never", "3 s ago", "10 min ago", "4 h ago", "13 d ago"]);
  });
});

test("all that is printed into a pipe arrives", async () => {
  const main = join(import.meta.dirname, "..", "src", "main.ts");
  const script = `const { flushed } = await import(${JSON.stringify(main)}); process.stdout.write("x".repeat(1_000_000)); await flushed(); process.exit(0);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { maxBuffer: 2_000_000 });
  expect(stdout).toHaveLength(1_000_000);
});
