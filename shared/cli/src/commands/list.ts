import type { ApiClient } from "@kc/host/client";
import { checkText } from "../check-text.ts";
import { type Command, type CommandContext, jsonOption, noMore, selectionOf, selectOption, UsageError } from "../command.ts";
import { withHost } from "../host.ts";
import { nearOrAll } from "../nearest-name.ts";
import { ago, table } from "../table.ts";

interface Listing {
  headings: string[];
  rows(
    api: ApiClient,
    selection: string | undefined,
    context: CommandContext,
  ): Promise<{ items: unknown[]; cells: (string | number | null)[][] }>;
}

const of = <T>(
  headings: string[],
  load: (api: ApiClient, selection: string | undefined, context: CommandContext) => Promise<T[]>,
  cells: (item: T) => (string | number | null)[],
): Listing => ({
  headings,
  rows: async (api, selection, context) => {
    const items = await load(api, selection, context);
    return { items, cells: items.map(cells) };
  },
});
const mine = <T extends { location: string }>(items: T[], context: CommandContext): T[] =>
  items.filter((item) => !context.location || item.location === context.location);
const scope = (selection: string | undefined, context: CommandContext): string | undefined =>
  selection ?? (context.location ? `location:"${context.location}"` : undefined);

/** What can be listed: the noun, its columns, where the rows come from. */
const listings: Record<string, Listing> = {
  locations: of(
    ["location", "status", "assets", "loaded", "problem"],
    async (api) => (await api.workspace()).locations,
    (one) => [one.name, one.status, one.assets, ago(one.loadedAt), one.error ? `${one.error.where} ${one.error.message}` : null],
  ),
  assets: of(
    ["asset", "location", "group", "kinds", "status", "health", "materialized"],
    (api, selection, context) => api.assets(scope(selection, context)),
    (one) => [
      one.key,
      one.location,
      one.group,
      one.kinds.join(","),
      one.external ? "external" : one.status,
      one.health,
      ago(one.materialization?.at ?? null),
    ],
  ),
  checks: of(
    ["check", "asset", "blocking", "result", "when"],
    async (api, selection, context) =>
      (await api.assets(scope(selection, context))).flatMap((asset) =>
        asset.checks.map((check) => ({ asset: asset.key, ...check })),
      ),
    (one) => [one.name, one.asset, one.blocking ? "yes" : "no", checkText(one), ago(one.result?.at ?? null)],
  ),
  jobs: of(
    ["job", "location", "selection", "description"],
    async (api, _, context) => mine(await api.jobs(), context),
    (one) => [one.name, one.location, one.selection, one.description],
  ),
  schedules: of(
    ["schedule", "location", "cron", "timezone", "state", "next", "target"],
    async (api, _, context) => mine(await api.schedules(), context),
    (one) => [one.name, one.location, one.cron, one.timezone, one.running ? "on" : "off", one.nextTickAt, one.target],
  ),
  sensors: of(
    ["sensor", "location", "kind", "state", "interval", "last tick"],
    async (api, _, context) => mine(await api.sensors(), context),
    (one) => [
      one.name,
      one.location,
      one.kind,
      one.running ? "on" : "off",
      one.intervalMs ? `${one.intervalMs / 1000}s` : "on events",
      ago(one.lastTickAt),
    ],
  ),
  components: of(
    ["component", "location", "used in", "description"],
    async (api, _, context) => mine(await api.components(), context),
    (one) => [one.type, one.location, one.uses.join(", "), one.description],
  ),
  connections: of(
    ["connection", "served by", "answers", "used by", "variables"],
    (api) => api.connections({ probe: true }),
    (one) => [
      one.name,
      one.mode === "vendor" ? "the vendor" : "local stand-in",
      one.answers === null ? "" : one.answers ? "yes" : "no",
      one.usedBy.join(", "),
      one.variables.join(" "),
    ],
  ),
};

/** What is listed by a command of its own. */
const elsewhere: Record<string, string> = {
  runs: "runs list",
  backfills: "backfill list",
  partitions: "partitions list",
  pools: "pools",
  alerts: "alerts list",
  pauses: "pause list",
  ticks: "schedules ticks NAME",
};

const listingOf = (noun = ""): Listing | undefined => (Object.hasOwn(listings, noun) ? listings[noun] : undefined);

export const command: Command = {
  summary: "List what the workspace has.",
  usage: `<${[...Object.keys(listings), "generators"].join(" | ")}> [selection]`,
  options: { ...selectOption, ...jsonOption },
  examples: [
    ["kc list assets", "every asset with its state"],
    ["kc list assets 'kind:dbt and +downstream/fact_virtual_count'", "some of them"],
    ["kc list connections --json", "for a program"],
  ],
  async run({ values, positionals, context }) {
    const [noun, ...words] = positionals;
    // Only assets and their checks can be selected.
    if (noun !== "assets" && noun !== "checks" && (noun === "generators" || listingOf(noun))) noMore(words);
    if (values.select !== undefined && noun !== "assets" && noun !== "checks")
      throw new UsageError("--select belongs to kc list assets and kc list checks");
    const selection = selectionOf(values, words);
    if (noun === "generators") {
      const { generators } = await import("../generators.ts");
      const found = await generators(context.root);
      context.print(
        values.json
          ? JSON.stringify(found, null, 2)
          : table(
              ["generator", "description"],
              found.map((one) => [one.name, one.description]),
            ),
      );
      return 0;
    }
    const listing = listingOf(noun);
    if (!listing)
      throw new UsageError(
        noun
          ? `there is no list of "${noun}".${Object.hasOwn(elsewhere, noun) ? ` It is: kc ${elsewhere[noun]}` : nearOrAll(noun, [...Object.keys(listings), "generators"])}`
          : `of what? ${[...Object.keys(listings), "generators"].join(", ")}`,
      );
    return withHost(context, async ({ api }) => {
      // Where a location hangs while it loads, the list of locations is what shows it.
      if (noun !== "locations") await api.settled();
      const { items, cells } = await listing.rows(api, selection, context);
      context.print(
        values.json
          ? JSON.stringify(items, null, 2)
          : table(listing.headings, cells, context.interactive ? process.stdout.columns : undefined),
      );
      return 0;
    });
  },
};
