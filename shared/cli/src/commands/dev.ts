import type { WorkspaceInfo } from "@kc/host/client";
import { type Command, type CommandContext, number } from "../command.ts";
import { eventLine } from "../follow.ts";
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
      context.print(`kc dev: joined the platform that runs at ${host.url}`);
      const { findLocations } = await import("@kc/host/workspace");
      for (const name of only.length > 0 ? only : findLocations(context.root).locations.map((entry) => entry.name))
        await host.api.addLocation(name);
    }
    showWorkspace(context, await host.api.settled());
    context.print(`\n  ${host.url}    (Ctrl-C stops)\n`);
    const runs = new Map<string, string>();
    const follow = async () => {
      for await (const event of host.api.events({}, abort.signal)) {
        if (event.runId && !runs.has(event.runId)) runs.set(event.runId, (await host.api.run(event.runId)).location);
        if (event.type === "log" && !values.verbose && event.level !== "error") continue;
        const line = eventLine(event, (id) => runs.get(id));
        if (line) context.print(line);
      }
    };
    const following = follow().catch((error) => {
      // The stream breaks when the host ends or Ctrl-C aborts it; anything else is a defect that must be seen.
      if (!interrupted && (error as Error).name !== "TypeError") throw error;
    });
    await Promise.race([following.then(() => host.ended), host.ended]);
    if (interrupted) {
      if (host.started) context.print("kc dev: stopping");
      await Promise.race([host.gone(), new Promise((resolve) => setTimeout(resolve, 15_000))]);
      return 0;
    }
    context.warn("kc dev: the platform ended; its log is .kc/logs/host.log");
    return 1;
  },
};

/** Builds the web UI when its source is newer than what was built; from turbo's cache when another branch built it. */
async function buildUi(context: CommandContext): Promise<void> {
  const { turboQuiet } = await import("../turbo.ts");
  const { code, output } = await turboQuiet(context, ["run", "build", "--filter=@kc/ui", "--output-logs=errors-only"]);
  if (code !== 0) context.warn(`kc dev: the web UI could not be built; the platform runs without it\n${output}`);
}

function showWorkspace(context: CommandContext, { locations, problems }: WorkspaceInfo): void {
  for (const { name, status, assets, loadMs, error, warnings } of locations) {
    if (status === "loaded") context.print(`  ✓ ${name.padEnd(14)} ${assets} assets  (${Math.round(loadMs ?? 0)} ms)`);
    else
      context.print(
        `  ✗ ${name.padEnd(14)} ${error?.where ? `${error.where}: ` : ""}${error?.message ?? status}${error?.hint ? `\n      ${error.hint}` : ""}`,
      );
    for (const warning of warnings) context.print(`    ! ${warning}`);
  }
  for (const { message } of problems) context.print(`  ✗ ${message}`);
}
