import { status as grpcStatus, Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import {
  configureRun,
  type LoadedLocation,
  type LocationPaths,
  type Logger,
  type RunInput,
  type TickLog,
  UserError,
} from "@kc/runtime/serve";
import {
  type CodeLocationServer,
  CodeLocationService,
  type PoolRequest,
  type RunCommand,
  type RunEvents,
} from "../gen/code_location.ts";
import { type HealthServer, HealthService } from "../gen/health.ts";
import { refuseSecrets, spelledWithoutSecrets, withoutSecrets } from "../secrets/messages.ts";
import { redactor } from "../secrets/redactor.ts";
import { secretValues } from "../secrets/secret-values.ts";
import { tracesEndpoint } from "../telemetry/endpoint.ts";
import { describeLoadError, type LoadError } from "./load-error.ts";
import { loadLocation } from "./load-location.ts";
import { captureOutput } from "./output.ts";
import { type RunHandle, startRun } from "./run.ts";
import { evaluateTick } from "./tick.ts";

// The program behind a code location: it loads the definitions once and serves them, ticks and runs on a socket.
// The host starts one to answer for the location, and more of them, already loaded, as its run workers.

interface Settings {
  entry: string;
  declared: string;
  address: string;
  spool: string;
  paths: LocationPaths;
  /** Names of variables that are secrets, whatever they are called. */
  secrets: string[];
}

const settings = JSON.parse(process.env.KC_CODE_SERVER!) as Settings;
delete process.env.KC_CODE_SERVER;
const env = { ...process.env };
captureOutput();
// What it prints outside of a run is the host's to clean: there also comes what never passes JavaScript.
let secrets = redactor(secretValues(env, settings.secrets));

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
const loading: Promise<{ location: LoadedLocation } | { error: LoadError }> = loadLocation({
  entry: settings.entry,
  declared: settings.declared,
  paths: settings.paths,
  env,
  log: logger((line) => console.error(line)),
  signal: new AbortController().signal,
}).then(
  (location) => {
    const marked = location.snapshot.secrets ?? [];
    if (marked.length > 0) secrets = redactor(secretValues(env, [...settings.secrets, ...marked]));
    return { location };
  },
  (error) => ({ error: describe(error) }),
);
let loadMs = 0;
const loaded = loading.then((outcome) => {
  loadMs = performance.now() - started;
  process.exit = exit;
  return outcome;
});
// An import that rejects on its own later must not take the answer away.
process.on("unhandledRejection", (error) => console.error("unhandled rejection:", error));

async function location(): Promise<LoadedLocation> {
  const outcome = await loaded;
  if ("error" in outcome)
    throw new UserError(`location ${settings.paths.name} did not load: ${outcome.error.message}`, { where: outcome.error.where });
  return outcome.location;
}

function executeRun(call: ServerDuplexStream<RunCommand, RunEvents>): void {
  let run: RunHandle | undefined;
  call.on("data", async ({ command }: RunCommand) => {
    if (command?.$case === "cancel") run?.cancel(command.value.failed);
    if (command?.$case === "granted") run?.granted(command.value);
    if (command?.$case !== "start" || run) return;
    try {
      const message = JSON.parse(command.value.runJson);
      const send = (lines: readonly string[]) => call.write({ eventJson: [...lines], pools: [] });
      const ask = (request: PoolRequest) => void call.write({ eventJson: [], pools: [request] });
      const trace = await traceOf(message.input);
      run = startRun({
        message,
        trace,
        location: await location(),
        secrets,
        paths: settings.paths,
        env,
        spoolFolder: settings.spool,
        send,
        ask,
      });
      call.on("drain", run.drained);
      // Says that this process lives and its code gives way now and then.
      const beat = setInterval(() => call.write({ eventJson: [], pools: [] }), 1_000);
      await run.done.finally(() => clearInterval(beat));
      call.end();
    } catch (error) {
      call.emit("error", { code: grpcStatus.FAILED_PRECONDITION, details: secrets.text((error as Error).message) });
    }
  });
  // The host is gone: finishing the run would make results that nobody hears of.
  call.on("cancelled", () => run?.abandon());
}

/** Traces of a run, when they have somewhere to go: else their code is not even loaded. */
async function traceOf({ runId, requestId }: RunInput) {
  const endpoint = tracesEndpoint(undefined, env);
  if (!endpoint) return undefined;
  const { runTrace } = await import("./tracing.ts");
  const name = (await location()).snapshot.name;
  const { OTEL_EXPORTER_OTLP_HEADERS: headers, OTEL_SERVICE_NAME: service } = env;
  return runTrace({ endpoint, headers, service, location: name, runId, requestId, secrets });
}

function describe(error: unknown): LoadError {
  return withoutSecrets("error", describeLoadError(error, settings.paths.projectRoot), secrets);
}

const server = new Server({ "grpc.max_receive_message_length": 64 << 20, "grpc.max_send_message_length": 64 << 20 });
const codeLocation: CodeLocationServer = {
  async getDefinitions(_call, answer) {
    const outcome = await loaded;
    const result =
      "error" in outcome
        ? ({ $case: "error", value: outcome.error } as const)
        : ({
            $case: "snapshotJson",
            value: spelledWithoutSecrets("snapshot", outcome.location.snapshot, secrets),
          } as const);
    answer(null, { result, loadMs });
  },
  async evaluateTick(call, answer) {
    const abort = new AbortController();
    call.on("cancelled", () => abort.abort());
    const logs: TickLog[] = [];
    try {
      const { eventsJson, runsJson, changesJson, ...request } = call.request;
      const list = (text: string) => (text ? JSON.parse(text) : []);
      const question = {
        ...request,
        cursor: request.cursor,
        events: list(eventsJson),
        runs: list(runsJson),
        changes: list(changesJson),
      };
      const context = { paths: settings.paths, env, signal: abort.signal, secrets, logs, describe };
      const result = withoutSecrets("answer", await evaluateTick(await location(), question, context), secrets);
      const value = JSON.stringify({ ...result, logs });
      answer(null, { result: { $case: "answerJson", value }, logsJson: "" });
    } catch (error) {
      answer(null, { result: { $case: "error", value: describe(error) }, logsJson: JSON.stringify(logs) });
    }
  },
  async configure(call, answer) {
    try {
      const { job, configJson, steps } = call.request;
      const config = configureRun(await location(), { job: job || undefined, config: JSON.parse(configJson), steps });
      refuseSecrets(job ? `job "${job}"` : "the run", { config }, secrets);
      answer(null, { result: { $case: "configJson", value: JSON.stringify(config) } });
    } catch (error) {
      answer(null, { result: { $case: "error", value: describe(error) } });
    }
  },
  executeRun,
};
const health: HealthServer = {
  async check(_call, answer) {
    answer(null, { status: "error" in (await loaded) ? 2 : 1 });
  },
};
server.addService(CodeLocationService, codeLocation);
server.addService(HealthService, health);
server.bindAsync(settings.address, ServerCredentials.createInsecure(), (error) => {
  if (error) {
    console.error(`cannot listen on ${settings.address}: ${error.message}`);
    exit(1);
  }
  process.stdout.write("kc:listening\n");
});
// Crash-only: runs were cancelled before, and events are on disk.
process.on("SIGTERM", () => exit(0));
