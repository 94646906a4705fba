import { closeSync, writeFile } from "node:fs";
import { createServer } from "node:net";
import type { Duplex } from "node:stream";
import { type LoadedLocation, type LocationPaths, type Logger, UserError } from "@kc/runtime/load";
import type { GetDefinitionsResponse } from "../gen/code_location.ts";
import { spelledWithoutSecrets, withoutSecrets } from "../secrets/messages.ts";
import { redactor } from "../secrets/redactor.ts";
import { secretValues } from "../secrets/secret-values.ts";
import { describeLoadError, type LoadError } from "./load-error.ts";
import { loadLocation } from "./load-location.ts";
import { captureOutput } from "./output.ts";
import type { Served } from "./serve.ts";
import { takeFromBundle } from "./vendor/hooks.ts";

// The program behind a code location: it loads the definitions once, hands them to the host and then serves ticks and runs on
// a socket. The host starts one to answer for the location, and more of them, already loaded, as its run workers.

export interface CodeServerSettings {
  entry: string;
  declared: string;
  /** Path of its socket. */
  socket: string;
  spool: string;
  paths: LocationPaths;
  /** Names of variables that are secrets, whatever they are called. */
  secrets: readonly string[];
  /** A run worker's first connection comes soon: what serves it loads at once. The host knows its definitions already. */
  worker: boolean;
  /** Others' packages as one file (see vendor/bundle.ts), when there is one. */
  vendor?: string | undefined;
}

const settings = JSON.parse(process.env.KC_CODE_SERVER!) as CodeServerSettings;
delete process.env.KC_CODE_SERVER;
const env = { ...process.env };
captureOutput();
// What it prints outside of a run is the host's to clean: there also comes what never passes JavaScript.
let secrets = redactor(secretValues(env, settings.secrets));

// Serving is gRPC, a third of a code server's start: it waits for the first connection, and a location whose functions are
// never asked does without.
let serving: Promise<(connection: Duplex) => void> | undefined;
const serve = () => {
  serving ??= import("./serve.ts").then(({ serveLocation }) => serveLocation(served));
  return serving;
};
if (settings.vendor) takeFromBundle(settings.vendor);
if (settings.worker) void serve();

const logger = (write: (line: string) => void): Logger => {
  const line = (level: string) => (message: string) => write(`${level}: ${message}`);
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
};

// A module that ends the process would take the answer away: while definitions load that is an error with a place.
const exit = process.exit;
process.exit = ((code) => {
  throw new Error(`process.exit(${code ?? ""}) was called while the definitions load`);
}) as typeof exit;

const started = performance.now();
let loadMs = 0;
const loaded: Promise<{ location: LoadedLocation } | { error: LoadError }> = loadLocation({
  entry: settings.entry,
  declared: settings.declared,
  paths: settings.paths,
  env,
  log: logger((line) => console.error(line)),
  signal: new AbortController().signal,
})
  .then(
    (location) => {
      const marked = location.snapshot.secrets ?? [];
      if (marked.length > 0) secrets = redactor(secretValues(env, [...settings.secrets, ...marked]));
      return { location };
    },
    (error) => ({ error: describe(error) }),
  )
  .then((outcome) => {
    loadMs = performance.now() - started;
    process.exit = exit;
    return outcome;
  });
// An import that rejects on its own later must not take the answer away.
process.on("unhandledRejection", (error) => console.error("unhandled rejection:", error));

const served: Served = {
  async location() {
    const outcome = await loaded;
    if ("error" in outcome)
      throw new UserError(`location ${settings.paths.name} did not load: ${outcome.error.message}`, {
        where: outcome.error.where,
      });
    return outcome.location;
  },
  loaded: async () => "location" in (await loaded),
  definitions,
  paths: settings.paths,
  env,
  spool: settings.spool,
  secrets: () => secrets,
  describe,
};

async function definitions(): Promise<GetDefinitionsResponse> {
  const outcome = await loaded;
  const result =
    "error" in outcome
      ? ({ $case: "error", value: outcome.error } as const)
      : ({ $case: "snapshotJson", value: spelledWithoutSecrets("snapshot", outcome.location.snapshot, secrets) } as const);
  return { result, loadMs };
}

/** What the host hears on the pipe once the definitions have loaded: of a worker only whether they did. */
async function answer(): Promise<GetDefinitionsResponse> {
  const outcome = await loaded;
  return settings.worker && "location" in outcome ? { result: undefined, loadMs } : definitions();
}

function describe(error: unknown): LoadError {
  return withoutSecrets("error", describeLoadError(error, settings.paths.projectRoot), secrets);
}

const refused = (what: string) => (error: Error) => {
  console.error(`${what}: ${error.message}`);
  exit(1);
};
createServer((connection) => void serve().then((accept) => accept(connection), refused("cannot serve")))
  .on("error", refused(`cannot listen on ${settings.socket}`))
  .listen(settings.socket, () => {
    // The host that started it waits for this on a pipe of its own, before it ever connects.
    const answerPipe = 4;
    void answer().then((said) => writeFile(answerPipe, JSON.stringify(said), () => closeSync(answerPipe)));
  });
// Crash-only: runs were cancelled before, and events are on disk.
process.on("SIGTERM", () => exit(0));
