import type { Duplex } from "node:stream";
import { status as grpcStatus, Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { configureRun, type LoadedLocation, type LocationPaths, type RunInput, type TickLog } from "@kc/runtime/serve";
import {
  type CodeLocationServer,
  CodeLocationService,
  type GetDefinitionsResponse,
  type PoolRequest,
  type RunCommand,
  type RunEvents,
} from "../gen/code_location.ts";
import { type HealthServer, HealthService } from "../gen/health.ts";
import { refuseSecrets, withoutSecrets } from "../secrets/messages.ts";
import type { Redactor } from "../secrets/redactor.ts";
import { tracesEndpoint } from "../telemetry/endpoint.ts";
import type { LoadError } from "./load-error.ts";
import { type RunHandle, startRun } from "./run.ts";
import { evaluateTick } from "./tick.ts";

/** States of the health service. */
const [serving, notServing] = [1, 2];

/** A location's code as it is in this process. */
export interface Served {
  /** @throws UserError when it did not load. */
  location(): Promise<LoadedLocation>;
  loaded(): Promise<boolean>;
  definitions(): Promise<GetDefinitionsResponse>;
  paths: LocationPaths;
  env: Readonly<Record<string, string | undefined>>;
  /** Folder where runs keep events that the host has not stored yet. */
  spool: string;
  /** What is taken out of all that leaves the process; definitions that load may add to it. */
  secrets(): Redactor;
  describe(error: unknown): LoadError;
}

/**
 * Serves a location on every connection that it is given: definitions, ticks, config, runs, and the standard health service
 * (https://github.com/grpc/grpc/blob/master/doc/health-checking.md).
 */
export function serveLocation(served: Served): (connection: Duplex) => void {
  const { paths, env, describe } = served;
  const codeLocation: CodeLocationServer = {
    async getDefinitions(_call, answer) {
      answer(null, await served.definitions());
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
        const location = await served.location();
        const secrets = served.secrets();
        const context = { paths, env, signal: abort.signal, secrets, logs, describe };
        const result = withoutSecrets("answer", await evaluateTick(location, question, context), secrets);
        const value = JSON.stringify({ ...result, logs });
        answer(null, { result: { $case: "answerJson", value }, logsJson: "" });
      } catch (error) {
        answer(null, { result: { $case: "error", value: describe(error) }, logsJson: JSON.stringify(logs) });
      }
    },
    async configure(call, answer) {
      try {
        const { job, configJson, steps } = call.request;
        const config = configureRun(await served.location(), { job: job || undefined, config: JSON.parse(configJson), steps });
        refuseSecrets(job ? `job "${job}"` : "the run", { config }, served.secrets());
        answer(null, { result: { $case: "configJson", value: JSON.stringify(config) } });
      } catch (error) {
        answer(null, { result: { $case: "error", value: describe(error) } });
      }
    },
    executeRun: (call) => executeRun(call, served),
  };
  const health: HealthServer = {
    async check(_call, answer) {
      answer(null, { status: (await served.loaded()) ? serving : notServing });
    },
  };
  const server = new Server({ "grpc.max_receive_message_length": 64 << 20, "grpc.max_send_message_length": 64 << 20 });
  server.addService(CodeLocationService, codeLocation);
  server.addService(HealthService, health);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return (connection) => injector.injectConnection(connection);
}

function executeRun(call: ServerDuplexStream<RunCommand, RunEvents>, served: Served): void {
  let run: RunHandle | undefined;
  call.on("data", async ({ command }: RunCommand) => {
    if (command?.$case === "cancel") run?.cancel(command.value.failed, command.value.crashed);
    if (command?.$case === "granted") run?.granted(command.value);
    if (command?.$case !== "start" || run) return;
    try {
      const message = JSON.parse(command.value.runJson);
      const location = await served.location();
      run = startRun({
        message,
        trace: await traceOf(message.input, location, served),
        location,
        secrets: served.secrets(),
        paths: served.paths,
        env: served.env,
        spoolFolder: served.spool,
        send: (lines) => call.write({ eventJson: [...lines], pools: [] }),
        ask: (request: PoolRequest) => void call.write({ eventJson: [], pools: [request] }),
      });
      call.on("drain", run.drained);
      // Says that this process lives and its code gives way now and then.
      const beat = setInterval(() => call.write({ eventJson: [], pools: [] }), 1_000);
      await run.done.finally(() => clearInterval(beat));
      call.end();
    } catch (error) {
      call.emit("error", { code: grpcStatus.FAILED_PRECONDITION, details: served.secrets().text((error as Error).message) });
    }
  });
  // The host is gone: finishing the run would make results that nobody hears of.
  call.on("cancelled", () => run?.abandon());
}

/** Traces of a run, when they have somewhere to go: else their code is not even loaded. */
async function traceOf({ runId, requestId }: RunInput, { snapshot }: LoadedLocation, { env, secrets }: Served) {
  const endpoint = tracesEndpoint(undefined, env);
  if (!endpoint) return undefined;
  const { runTrace } = await import("./tracing.ts");
  const { OTEL_EXPORTER_OTLP_HEADERS: headers, OTEL_SERVICE_NAME: service } = env;
  return runTrace({ endpoint, headers, service, location: snapshot.name, runId, requestId, secrets: secrets() });
}
