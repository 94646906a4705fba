import type { ApiClient, Instigator, Tick, TickPreview } from "@kc/host/client";
import { nearest } from "@kc/host/names";
import {
  type Command,
  type CommandContext,
  type Invocation,
  jsonOption,
  noMore,
  number,
  requireVerb,
  text,
  UsageError,
} from "./command.ts";
import { withHost } from "./host.ts";
import { ago, table } from "./table.ts";

// What `kc schedules` and `kc sensors` have in common.

type Type = "schedules" | "sensors";

const verbs: Record<Type, readonly string[]> = {
  schedules: ["list", "on", "off", "preview", "tick", "ticks"],
  sensors: ["list", "on", "off", "preview", "reset-cursor", "tick", "ticks"],
};

/** The command of schedules or of sensors. */
export function instigatorCommand(type: Type, more: Pick<Command, "examples" | "options">): Command {
  const one = type.slice(0, -1);
  return {
    summary: `List ${type}, turn them on and off, see what a tick would do, make one now.`,
    usage: `<${verbs[type].map((verb) => (verb === "list" ? verb : `${verb} NAME`)).join(" | ")}>`,
    verbs: verbs[type],
    defaultVerb: "list",
    options: { ...jsonOption, ...more.options },
    examples: more.examples,
    async run({ values, positionals, context }) {
      const [verb = "list", name, ...more] = positionals;
      requireVerb(type, verb, verbs[type]);
      noMore(verb === "list" && name !== undefined ? [name, ...more] : more);
      if (verb !== "list" && !name) throw new UsageError(`which ${one}? kc ${type} list shows their names`);
      return withHost(context, async ({ api }) => {
        await api.settled();
        const all = (await api[type]()).filter((item) => !context.location || item.location === context.location);
        const waits = verb === "on" || (verb === "list" && all.some((item) => item.running));
        if (waits && !(await api.health()).decides)
          context.warn(`kc: no kc dev is running here: ${type} that are on wait until one is`);
        if (verb === "list") return show(context, values, all, () => listed(all));
        return act(verb, find(all, one, name!), { api, type, values, context });
      });
    },
  };
}

/** `name` alone, or `location/name`. */
function find(all: readonly Instigator[], one: string, name: string): Instigator {
  const found = all.filter((item) => item.name === name || `${item.location}/${item.name}` === name);
  if (found.length === 1) return found[0]!;
  const full = all.map((item) => `${item.location}/${item.name}`);
  throw new UsageError(
    found.length === 0
      ? `there is no ${one} "${name}"${near(name, full) || `; there are ${full.join(", ") || "none"}`}`
      : `${one} "${name}" is in ${found.map((item) => item.location).join(" and ")}: write ${found.map((item) => `${item.location}/${name}`).join(" or ")}`,
  );
}

/** `. Did you mean "a/nightly"?`: names that are near alone or with their location. */
function near(name: string, full: readonly string[]): string {
  const short = full.map((one) => one.slice(one.indexOf("/") + 1));
  const found = new Set([
    ...nearest(name, full),
    ...nearest(name, new Set(short)).flatMap((one) => full.filter((_, at) => short[at] === one)),
  ]);
  return found.size === 0
    ? ""
    : `. Did you mean ${[...found]
        .slice(0, 3)
        .map((one) => `"${one}"`)
        .join(" or ")}?`;
}

interface Doing {
  api: ApiClient;
  type: Type;
  values: Invocation["values"];
  context: CommandContext;
}

async function act(verb: string, item: Instigator, { api, type, values, context }: Doing): Promise<number> {
  const { location, name } = item;
  switch (verb) {
    case "on":
    case "off": {
      const after = await api.turn(type, location, name, verb === "on");
      return show(context, values, after, () => `${location}/${name} is ${after.running ? "on" : "off"}`);
    }
    case "reset-cursor": {
      const after = await api.resetCursor(location, name);
      return show(context, values, after, () => `${location}/${name} begins anew; its run keys stay spent`);
    }
    case "tick": {
      const tick = await api.tickNow(type, location, name);
      show(context, values, tick, () => toldTick(tick));
      return tick.status === "failed" ? 1 : 0;
    }
    case "ticks": {
      const ticks = await api.ticks({ location, name, limit: number(values, "limit") ?? 20 });
      return show(context, values, ticks, () =>
        table(
          ["at", "late", "outcome", "requests", "why"],
          ticks.map((tick) => [
            tick.at,
            tick.lateMs === null ? "" : `${tick.lateMs} ms`,
            tick.status,
            tick.requestIds.length,
            tick.error ?? tick.skip,
          ]),
        ),
      );
    }
    default: {
      const at = text(values, "at");
      const upcoming =
        type === "schedules" && !at
          ? (await api.upcomingTicks(location, name, { count: number(values, "limit") ?? 5 })).ticks
          : [];
      const cursor = text(values, "cursor");
      const instant = at ?? upcoming[0];
      const preview = await api.previewTick(type, location, name, {
        ...(instant ? { at: instant } : {}),
        ...(cursor === undefined ? {} : { cursor }),
      });
      show(context, values, { ...(upcoming.length > 0 ? { ticks: upcoming } : {}), preview }, () =>
        [...(upcoming.length > 0 ? ["Next ticks:", ...upcoming.map((tick) => `  ${tick}`), ""] : []), toldPreview(preview)].join(
          "\n",
        ),
      );
      return preview.error ? 1 : 0;
    }
  }
}

function show(context: CommandContext, values: Invocation["values"], value: unknown, told: () => string): number {
  context.print(values.json ? JSON.stringify(value, null, 2) : told());
  return 0;
}

const listed = (all: readonly Instigator[]): string =>
  table(
    ["name", "location", "state", "when", "next", "last tick", "target"],
    all.map((item) => [
      item.name,
      item.location,
      item.running ? "on" : "off",
      item.cron
        ? `${item.cron} ${item.timezone}`
        : item.intervalMs
          ? `every ${item.intervalMs / 1000}s`
          : `on events (${item.kind})`,
      item.nextTickAt,
      ago(item.lastTickAt),
      item.target,
    ]),
  );

function toldTick(tick: Tick): string {
  const made =
    tick.requestIds.length > 0
      ? `: ${tick.requestIds.length} request${tick.requestIds.length === 1 ? "" : "s"} (${tick.requestIds.join(", ")})`
      : "";
  const why = tick.error ?? tick.skip;
  return [`tick ${tick.id} ${tick.status}${made}${why ? `: ${why}` : ""}`, ...lines(tick.logs)].join("\n");
}

/** What a tick would do, as the command line tells it. */
export function toldPreview(preview: TickPreview): string {
  const { runs, events, partitions, cursor, skip, error } = preview;
  return [
    `At ${preview.at}:`,
    ...runs.map(
      (run) =>
        `  a run of ${run.assets.join(", ") || "nothing"}${run.partition ? ` for ${run.partition}` : ""}${run.runKey ? ` (run key ${run.runKey})` : ""}`,
    ),
    ...events.map((event) => `  a ${event.type} of ${event.asset}`),
    ...partitions.map((one) => `  partitions ${one.definition}: add ${one.add?.length ?? 0}, delete ${one.delete?.length ?? 0}`),
    ...(cursor.after === cursor.before ? [] : [`  cursor ${short(cursor.before)} -> ${short(cursor.after)}`]),
    ...(skip ? [`  skips: ${skip}`] : []),
    ...(error ? [`  fails: ${error}`] : []),
    ...lines(preview.logs),
  ].join("\n");
}

const short = (cursor: string | null): string =>
  cursor === null ? "(none)" : cursor.length > 200 ? `${cursor.slice(0, 200)}… (cut; --json has more)` : cursor;

const lines = (logs: Tick["logs"]): string[] => logs.map(({ level, message }) => `  ${level}: ${message}`);
