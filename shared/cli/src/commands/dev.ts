import type { JoinedHost } from "@kc/host/join";
import { type Command, type CommandContext, number, UsageError } from "../command.ts";
import { openNews } from "../dev-news.ts";
import { watchPlatform } from "../dev-watch.ts";
import { join, portOf, wishedPort } from "../host.ts";
import { knownLocations } from "../locations.ts";

export const command: Command = {
  summary: "Start the platform: stand-ins, code locations, daemon and web UI; or join the one that runs.",
  usage: "[locations…] [--port N] [--verbose]",
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
    ["kc dev --port 3100", "the web UI at http://localhost:3100"],
    ["cd locations/dbt && ../../kc dev", "the location of this folder"],
  ],
  async run({ values, positionals, context }) {
    const names = positionals.filter((name) => name !== "--");
    const only = names.length > 0 ? names : context.location ? [context.location] : [];
    await knownLocations(context, only);
    const port = number(values, "port") ?? wishedPort(context);
    if (port !== undefined && port > 65_535) throw new UsageError(`--port "${port}" is no port: there are 1 to 65535`);
    const abort = new AbortController();
    let interrupted = false;
    let joined: JoinedHost | undefined;
    // Heard from the first moment on: while it starts the host is joined to be left at once. Who insists does not wait for that.
    const stop = () => {
      if (interrupted && !joined) process.exit(130);
      interrupted = true;
      abort.abort();
      joined?.leave();
    };
    process.on("SIGINT", stop).on("SIGTERM", stop).on("SIGHUP", stop);
    const ui = buildUi(context);
    const host = await join(context, { daemon: true, port, ...(only.length > 0 ? { only } : {}) });
    joined = host;
    if (interrupted) host.leave();
    const serve = async () => {
      await ui;
      if (interrupted) return;
      if (host.started && port !== undefined && portOf(host.url) !== port)
        context.warn(`kc dev: port ${port} is taken: the platform serves at ${host.url}`);
      if (!host.started) {
        context.print(joinedText(host, port));
        const { findLocations } = await import("@kc/host/workspace");
        for (const name of only.length > 0 ? only : findLocations(context.root).locations.map((entry) => entry.name))
          await host.api.addLocation(name);
      }
      const news = openNews(new Date().toISOString());
      for (const line of news.ofWorkspace(await host.api.settled(abort.signal))) context.print(line);
      context.print(`\n  ${host.url}    (Ctrl-C ${host.started ? "stops" : "leaves"})\n`);
      await watchPlatform(host.api, news, { context, verbose: values.verbose === true, signal: abort.signal });
    };
    // When the host ends, or Ctrl-C ends what goes on, that is told below; anything else must be seen.
    const lost = (error: Error & { status?: number }) => interrupted || error.name === "TypeError" || error.status === 503;
    const serving = serve().catch((error) => {
      if (!lost(error)) throw error;
    });
    await Promise.race([serving.then(() => host.ended), host.ended]);
    if (interrupted) {
      if (host.started) context.print("kc dev: stopping");
      await Promise.race([host.gone(), new Promise((resolve) => setTimeout(resolve, 15_000))]);
      return 0;
    }
    context.warn("kc dev: the platform ended; its log is .kc/logs/host.log");
    return 1;
  },
};

/** A host that other commands keep stays where it is: who asked for another port is told who, and what to do. */
export const joinedText = ({ url, served }: Pick<JoinedHost, "url" | "served">, port: number | undefined): string =>
  port === undefined || portOf(url) === port
    ? `kc dev: joined the platform that runs at ${url}`
    : `kc dev: joined the platform that runs at ${url}, not at port ${port}: ${
        served
          ? "another kc dev keeps it there. Stop that one (Ctrl-C) and start again to move it"
          : "a command keeps it there. Start again once that has ended (kc runs list shows what goes on) to move it"
      }`;

/** Builds the web UI when its source is newer than what was built; from turbo's cache when another branch built it. */
async function buildUi(context: CommandContext): Promise<void> {
  const { turboQuiet } = await import("../turbo.ts");
  const { code, output } = await turboQuiet(context, ["run", "build", "--filter=@kc/ui", "--output-logs=errors-only"]);
  if (code !== 0) context.warn(`kc dev: the web UI could not be built; the platform runs without it\n${output}`);
}
