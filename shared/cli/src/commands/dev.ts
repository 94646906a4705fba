import type { Location, WorkspaceInfo } from "@kc/host/client";
import { type Command, type CommandContext, number } from "../command.ts";
import { eventLine, type RunName } from "../follow.ts";
import { join } from "../host.ts";

export const command: Command = {
  summary: "Start the platform: stand-ins, code locations, daemon and web UI; or join the one that runs.",
  usage: "[locations…] [--port N]",
  options: {
    port: {
      type: "string",
      short: "p",
      value: "N",
      description: "Port of the web UI; the next free one if it is taken (default 3000)",
    },
    verbose: { type: "boolean", short: "v", description: "Show the log lines of steps too" },
  },
  examples: [
    ["kc dev", "every location of workspace.yaml"],
    ["kc dev ingestion dbt", "only these"],
    ["cd locations/dbt && ../../kc dev", "the location of this folder"],
  ],
  async run({ values, positionals, context }) {
    const names = positionals.filter((name) => name !== "--");
    const only = names.length > 0 ? names : context.location ? [context.location] : [];
    const port = number(values, "port");
    const ui = buildUi(context);
    const host = await join(context, { daemon: true, ...(only.length > 0 ? { only } : {}), ...(port ? { port } : {}) });
    const abort = new AbortController();
    let interrupted = false;
    const stop = () => {
      interrupted = true;
      abort.abort();
      host.leave();
    };
    process.on("SIGINT", stop).on("SIGTERM", stop).on("SIGHUP", stop);
    await ui;
    if (!host.started) {
      context.print(joinedText(host.url, port));
      const { findLocations } = await import("@kc/host/workspace");
      for (const name of only.length > 0 ? only : findLocations(context.root).locations.map((entry) => entry.name))
        await host.api.addLocation(name);
    }
    showWorkspace(context, await host.api.settled());
    context.print(`\n  ${host.url}    (Ctrl-C ${host.started ? "stops" : "leaves"})\n`);
    const runs = new Map<string, RunName>();
    const follow = async () => {
      for await (const event of host.api.events({}, abort.signal)) {
        if (event.runId && !runs.has(event.runId)) runs.set(event.runId, await host.api.run(event.runId));
        if (event.type === "log" && !values.verbose && event.level !== "error") continue;
        const line = eventLine(event, (id) => runs.get(id));
        if (line) context.print(line);
      }
    };
    const watch = async () => {
      const known = new Map((await host.api.workspace()).locations.map((one) => [one.name, stateOf(one)]));
      for await (const name of host.api.locationChanges(abort.signal)) {
        const location = (await host.api.workspace()).locations.find((one) => one.name === name);
        if (!location || location.status === "loading") continue;
        // A reload that changed nothing to see is told too: it is the answer to a saved file.
        if (known.get(name) !== stateOf(location))
          context.print(`${new Date().toISOString().slice(11, 19)} ${locationLine(location)}`);
        known.set(name, stateOf(location));
      }
    };
    // When the host ends, or Ctrl-C ends the streams, that is told below; anything else is a defect that must be seen.
    const quietly = (work: Promise<void>) =>
      work.catch((error) => {
        if (!interrupted && !["TypeError", "ApiError"].includes((error as Error).name)) throw error;
      });
    await Promise.race([Promise.all([quietly(follow()), quietly(watch())]).then(() => host.ended), host.ended]);
    if (interrupted) {
      if (host.started) context.print("kc dev: stopping");
      await Promise.race([host.gone(), new Promise((resolve) => setTimeout(resolve, 15_000))]);
      return 0;
    }
    context.warn("kc dev: the platform ended; its log is .kc/logs/host.log");
    return 1;
  },
};

/** A host that runs stays where it is: a wish for another port is told to be none of its. */
export const joinedText = (url: string, port: number | undefined): string =>
  port !== undefined && Number(new URL(url).port) !== port
    ? `kc dev: the platform already runs at ${url} (port ${port} was asked for; stop it first to move it)`
    : `kc dev: joined the platform that runs at ${url}`;

/** Builds the web UI when its source is newer than what was built; from turbo's cache when another branch built it. */
async function buildUi(context: CommandContext): Promise<void> {
  const { turboQuiet } = await import("../turbo.ts");
  const { code, output } = await turboQuiet(context, ["run", "build", "--filter=@kc/ui", "--output-logs=errors-only"]);
  if (code !== 0) context.warn(`kc dev: the web UI could not be built; the platform runs without it\n${output}`);
}

/** What a person would see of a location: a load that differs in it is worth a line. */
const stateOf = ({ status, error, loadedAt }: Location): string =>
  JSON.stringify([status, error?.message, error?.where, loadedAt]);

/** One line for a location: what loaded, or why it does not, with the place. */
function locationLine({ name, status, assets, loadMs, error }: Location): string {
  if (status === "loaded")
    return `  ✓ ${name.padEnd(14)} ${assets} ${assets === 1 ? "asset" : "assets"}  (${Math.round(loadMs ?? 0)} ms)`;
  return `  ✗ ${name.padEnd(14)} ${error?.where ? `${error.where}: ` : ""}${error?.message ?? status}${error?.hint ? `\n      ${error.hint}` : ""}`;
}

function showWorkspace(context: CommandContext, { locations, problems }: WorkspaceInfo): void {
  for (const location of locations) {
    context.print(locationLine(location));
    for (const warning of location.warnings) context.print(`    ! ${warning}`);
  }
  for (const { message } of problems) context.print(`  ✗ ${message}`);
}
