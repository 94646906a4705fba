import type { JoinedHost } from "@kc/host/join";
import { type Command, type CommandContext, number, UsageError } from "../command.ts";
import { openNews } from "../dev-news.ts";
import { eventLine, type RunName } from "../follow.ts";
import { join, portOf, wishedPort } from "../host.ts";

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
    const port = number(values, "port") ?? wishedPort(context);
    if (port !== undefined && port > 65_535) throw new UsageError(`--port "${port}" is no port: there are 1 to 65535`);
    const ui = buildUi(context);
    const host = await join(context, { daemon: true, port, ...(only.length > 0 ? { only } : {}) });
    const abort = new AbortController();
    let interrupted = false;
    const stop = () => {
      interrupted = true;
      abort.abort();
      host.leave();
    };
    process.on("SIGINT", stop).on("SIGTERM", stop).on("SIGHUP", stop);
    await ui;
    if (host.started && port !== undefined && portOf(host.url) !== port)
      context.warn(`kc dev: port ${port} is taken: the platform serves at ${host.url}`);
    if (!host.started) {
      context.print(joinedText(host, port));
      const { findLocations } = await import("@kc/host/workspace");
      for (const name of only.length > 0 ? only : findLocations(context.root).locations.map((entry) => entry.name))
        await host.api.addLocation(name);
    }
    const news = openNews(new Date().toISOString());
    for (const line of news.ofWorkspace(await host.api.settled())) context.print(line);
    context.print(`\n  ${host.url}    (Ctrl-C ${host.started ? "stops" : "leaves"})\n`);
    const runs = new Map<string, RunName>();
    const follow = async () => {
      for await (const event of host.api.events({}, abort.signal)) {
        const { runId, type } = event;
        if (type === "log" && !values.verbose && event.level !== "error") continue;
        // A run may be deleted while its last events are told.
        const run = runId && !runs.has(runId) ? await host.api.run(runId).catch(() => undefined) : undefined;
        if (run) runs.set(run.id, run);
        const line = eventLine(event, (id) => runs.get(id));
        if (line) context.print(line);
        if (runId && /^run_(succeeded|failed|cancelled|skipped)$/.test(type)) runs.delete(runId);
      }
    };
    const lookAtWorkspace = oneAtATime(async () => {
      const time = new Date().toISOString().slice(11, 19);
      for (const line of news.ofWorkspace(await host.api.workspace())) context.print(`${time} ${line}`);
    });
    const lookAtTicks = oneAtATime(async () => {
      for (const line of news.ofTicks(await host.api.ticks({ limit: 500 }))) context.print(line);
    });
    const watch = async () => {
      for await (const what of host.api.changes(abort.signal)) {
        if (what === "locations" || what === "daemons") lookAtWorkspace();
        if (what === "ticks") lookAtTicks();
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

/** How long (ms) a look rests before the next: what happens meanwhile is seen together. */
const restMs = 300;

/** Does the work when it is asked for, never twice at once; what is asked for meanwhile is done once more. */
function oneAtATime(work: () => Promise<void>): () => void {
  let going = false;
  let asked = false;
  const go = async () => {
    going = true;
    while (asked) {
      asked = false;
      // A host that ends is told by the streams.
      await work().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, restMs));
    }
    going = false;
  };
  return () => {
    asked = true;
    if (!going) void go();
  };
}
