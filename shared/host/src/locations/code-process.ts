import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { credentials } from "@grpc/grpc-js";
import { type LocationSnapshot, UserError } from "@kc/runtime/internal";
import type { CodeServerSettings } from "../code-server/main.ts";
import type { TickAnswer, TickQuestion } from "../code-server/tick.ts";
import { vendorFile } from "../code-server/vendor/bundle.ts";
import type { Environment } from "../environment.ts";
import { CodeLocationClient, type ConfigureResponse, type GetDefinitionsResponse, type LoadError } from "../gen/code_location.ts";
import { type InstancePaths, makeSocketFolder } from "../paths.ts";
import { type Child, startChild } from "../process/child.ts";
import { redactor } from "../secrets/redactor.ts";
import { secretValues } from "../secrets/secret-values.ts";
import { askTick } from "./ask-tick.ts";
import type { LocationEntry } from "./workspace-file.ts";

export type { LoadError };

/** A process with a location's code in it: its code server, or one of its run workers. */
export interface CodeProcess {
  readonly id: number;
  readonly child: Child;
  readonly client: CodeLocationClient;
  /** Lines it wrote that belong to no step, newest last. */
  readonly lines: string[];
  /** Resolves once its definitions have loaded, with the error that kept them from it. */
  loaded(): Promise<LoadError | undefined>;
  /** The same with what they are; a run worker does not tell. */
  definitions(): Promise<{ snapshot: LocationSnapshot } | { error: LoadError }>;
  evaluateTick(question: TickQuestion, timeoutMs: number, signal?: AbortSignal): Promise<TickAnswer>;
  /** The function of a schedule or sensor is being asked. */
  asked(): boolean;
  /** @throws UserError when the config does not fit the job or its steps. */
  configure(request: { job?: string; config: Record<string, unknown>; steps: string[] }): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

const program = fileURLToPath(new URL("../code-server/main.ts", import.meta.url));
let count = 0;
const endMs = 1_000;

/** Folder of what makes processes with locations' code start faster. */
export const compileCacheOf = (env: Environment, paths: InstancePaths): string =>
  env.NODE_COMPILE_CACHE ?? join(paths.home, "compile-cache");

/** Starts a process for a location's code; it loads at once, `definitions()` waits for it. */
export function startCodeProcess(params: {
  entry: LocationEntry;
  paths: InstancePaths;
  env: Environment;
  /** Names of variables that are secrets, whatever they are called. */
  secrets: readonly string[];
  loadTimeoutMs: number;
  /** It is to carry out runs, not to answer for the location. */
  worker: boolean;
  log(line: string): void;
}): CodeProcess {
  const { entry, paths, env } = params;
  const id = ++count;
  makeSocketFolder(paths);
  const socket = join(paths.sockets, `${entry.name.slice(0, 24)}-${process.pid}-${id}.sock`);
  const cache = compileCacheOf(env, paths);
  const settings: CodeServerSettings = {
    entry: entry.entry,
    declared: entry.declared ?? entry.name,
    socket,
    spool: paths.spool,
    paths: { name: entry.name, projectRoot: entry.folder, workspaceRoot: paths.root, stateDir: paths.stateOf(entry.name) },
    secrets: params.secrets,
    worker: params.worker,
    vendor: existsSync(vendorFile(cache)) ? vendorFile(cache) : undefined,
  };
  let secrets = redactor(secretValues(env, params.secrets));
  const lines: string[] = [];
  const answered = Promise.withResolvers<GetDefinitionsResponse>();
  const child = startChild({
    program,
    sweeps: true,
    cwd: entry.folder,
    env: { ...env, KC_CODE_SERVER: JSON.stringify(settings), NODE_COMPILE_CACHE: cache },
    imports: entry.loader === "tsx" ? [import.meta.resolve("tsx")] : [],
    onLine(_stream, written) {
      const line = secrets.text(written);
      lines.push(line);
      if (lines.length > 200) lines.shift();
      params.log(line);
    },
    onAnswer(text) {
      // One that ended before it had written all of it is told by its end.
      try {
        answered.resolve(JSON.parse(text));
      } catch {}
    },
  });
  const client = new CodeLocationClient(`unix:${socket}`, credentials.createInsecure(), {
    "grpc.max_receive_message_length": 64 << 20,
    "grpc.max_send_message_length": 64 << 20,
    "grpc.initial_reconnect_backoff_ms": 20,
    "grpc.enable_http_proxy": 0,
  });
  const load = async (): Promise<LocationSnapshot | undefined | { error: LoadError }> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), params.loadTimeoutMs);
    });
    const first = await Promise.race([answered.promise, child.exited, late]);
    clearTimeout(timer);
    if (first === "late") {
      child.kill();
      return {
        error: {
          message: `it did not finish loading within ${params.loadTimeoutMs / 1000} s and was stopped: does a module loop or wait for something?`,
          where: "",
          hint: "Definitions must load without waiting for vendors; locations.load_timeout in kc.yaml raises the limit.",
          stack: lines.join("\n"),
        },
      };
    }
    if ("code" in first) return { error: exitError(first.code, first.signal, lines) };
    if (first.result?.$case === "error") return { error: first.result.value };
    if (!first.result) return undefined;
    const snapshot: LocationSnapshot = JSON.parse(first.result.value);
    if (snapshot.secrets) secrets = redactor(secretValues(env, [...params.secrets, ...snapshot.secrets]));
    return snapshot;
  };
  let stopping = false;
  let asked = 0;
  /** The connection may break a moment before the end of the process is told. */
  const died = async (): Promise<string | undefined> => {
    const end = stopping ? undefined : await Promise.race([child.exited, wait(endMs)]);
    if (!end || stopping) return undefined;
    return `${end.signal ?? `exit code ${end.code}`}${lines.length > 0 ? `: ${lines.at(-1)}` : ""}`;
  };
  let loading: ReturnType<typeof load> | undefined;
  const outcome = () => {
    loading ??= load();
    return loading;
  };
  return {
    id,
    child,
    client,
    lines,
    async loaded() {
      const one = await outcome();
      return one && "error" in one ? one.error : undefined;
    },
    async definitions() {
      const one = await outcome();
      if (!one) throw new Error("a run worker does not tell its definitions");
      return "error" in one ? one : { snapshot: one };
    },
    asked: () => asked > 0,
    async evaluateTick(question, timeoutMs, signal) {
      asked++;
      try {
        return await askTick(client, { kill: () => child.kill(), died }, question, timeoutMs, signal);
      } finally {
        asked--;
      }
    },
    configure: ({ job, config, steps }) =>
      new Promise((resolve, reject) => {
        client.configure(
          { job: job ?? "", configJson: JSON.stringify(config), steps },
          { deadline: Date.now() + 10_000 } as never,
          ((error: Error | null, response: ConfigureResponse) => {
            if (error) reject(new UserError(`location ${entry.name} did not check the config: ${error.message}`));
            else if (response.result?.$case === "configJson") resolve(JSON.parse(response.result.value));
            else {
              const { message, where, hint } = response.result!.value;
              reject(new UserError(message, { where: where || undefined, hint: hint || undefined }));
            }
          }) as never,
        );
      }),
    async stop() {
      stopping = true;
      client.close();
      await child.stop();
      rmSync(socket, { force: true });
    },
  };
}

function exitError(code: number | null, signal: string | null, lines: readonly string[]): LoadError {
  return {
    message: `its process ended while loading (${signal ?? `exit code ${code}`})`,
    where: "",
    hint: lines.at(-1) ?? "",
    stack: lines.join("\n"),
  };
}
