import type { Command } from "./command.ts";

interface Entry {
  group: "work" | "look" | "make" | "data" | "care";
  summary: string;
  load(): Promise<Command>;
}

/** What `kc list` lists, where that is no command of its own. */
const listed = ["locations", "assets", "jobs", "components", "connections", "generators"];

/** What one may try first: words of other tools, and what stands behind a command here. */
const meant: Record<string, string> = {
  ...Object.fromEntries(listed.flatMap((noun) => [noun, noun.slice(0, -1)].map((word) => [word, `list ${noun}`]))),
  start: "dev",
  up: "dev",
  serve: "dev",
  run: "materialize",
  logs: "runs logs",
  cancel: "runs cancel",
  retry: "runs retry",
  status: "list assets",
  generate: "new",
  scaffold: "new",
  psql: "pg",
};

/** The command that a word means which is none. */
export const meantBy = (word: string): string | undefined => (Object.hasOwn(meant, word) ? meant[word] : undefined);

const lazy = (group: Entry["group"], summary: string, load: () => Promise<{ command: Command }>): Entry => ({
  group,
  summary,
  load: async () => (await load()).command,
});

/** Every command of kc: its place in the overview, and the file that is loaded when it is used. */
export const commands: Record<string, Entry> = {
  dev: lazy("work", "Start the platform: all locations or some", () => import("./commands/dev.ts")),
  test: lazy("work", "Check and test everything, or one team's part", () => import("./commands/test.ts")),
  check: lazy("work", "Check definitions, lineage across locations, yaml, environment", () => import("./commands/check.ts")),
  materialize: lazy("work", "Make assets", () => import("./commands/materialize.ts")),
  backfill: lazy("work", "Make many partitions of assets", () => import("./commands/backfill.ts")),
  launch: lazy("work", "Launch a job", () => import("./commands/launch.ts")),
  checks: lazy("work", "List checks and run them without making their assets", () => import("./commands/checks.ts")),
  report: lazy("work", "Report what was made, seen or checked elsewhere", () => import("./commands/report.ts")),
  wipe: lazy("work", "Forget what is known of assets or of their partitions", () => import("./commands/wipe.ts")),
  simulate: lazy("look", "What will happen: the daemon's decisions over a span of time", () => import("./commands/simulate.ts")),
  list: lazy("look", "List locations, assets, checks, jobs, schedules, sensors, …", () => import("./commands/list.ts")),
  runs: lazy("look", "List, show, follow, cancel and retry runs", () => import("./commands/runs.ts")),
  schedules: lazy("look", "Turn schedules on and off, preview and make their ticks", () => import("./commands/schedules.ts")),
  sensors: lazy("look", "Turn sensors on and off, preview and make their ticks", () => import("./commands/sensors.ts")),
  partitions: lazy(
    "look",
    "Show partitions with their status, add and delete dynamic ones",
    () => import("./commands/partitions.ts"),
  ),
  pools: lazy("look", "Show pools and who holds their slots, and set limits", () => import("./commands/pools.ts")),
  alerts: lazy("look", "Show alerts and their rules, test channels, mute", () => import("./commands/alerts.ts")),
  automation: lazy("look", "Show why automation requested an asset, or why not", () => import("./commands/automation.ts")),
  pause: lazy("work", "Pause the automation of assets for a while", () => import("./commands/pause.ts")),
  resume: lazy("work", "End pauses of automation", () => import("./commands/resume.ts")),
  new: lazy("make", "Generate a team location", () => import("./commands/new.ts")),
  pg: lazy("data", "psql on the PostgreSQL connection", () => import("./commands/pg.ts")),
  sql: lazy("data", "Run SQL on the Databricks connection (the local lakehouse)", () => import("./commands/sql.ts")),
  dbt: lazy("data", "Run dbt commands on the dbt project of a location", () => import("./commands/dbt.ts")),
  storage: lazy("care", "Look at the instance's database", () => import("./commands/storage.ts")),
  doctor: lazy("care", "Find what is wrong with this checkout and machine", () => import("./commands/doctor.ts")),
  bench: lazy("care", "Measure kc beside what it is compared with", () => import("./commands/bench.ts")),
  build: lazy("care", "Build the web UI", () => import("./commands/build.ts")),
  install: lazy("care", "Install dependencies; --update after editing a package.json", () => import("./commands/install.ts")),
};
