import { randomBytes } from "node:crypto";
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { ResolvedConnection } from "@kc/connections";
import { type Clock, UserError } from "@kc/runtime/internal";
import type { Environment } from "../environment.ts";
import type { InstancePaths } from "../paths.ts";
import { type Child, startChild } from "../process/child.ts";

/** A stand-in that serves. */
export interface Standin {
  name: string;
  variables: Record<string, string>;
  /** Whether its process runs now. */
  running(): boolean;
  stop(): Promise<void>;
}

/**
 * Starts the stand-in of a connection and keeps it up: one that ends is started again at the same port with the same
 * token, so that the variables the locations have stay true.
 * @throws UserError when it does not start, with the last lines it wrote.
 */
export async function startStandin(params: {
  connection: ResolvedConnection;
  paths: InstancePaths;
  env: Environment;
  clock: Clock;
  startTimeoutMs?: number;
  report(line: string): void;
}): Promise<Standin> {
  const { connection, paths, clock } = params;
  const { name, standin } = connection.connection;
  const state = join(paths.standins, name);
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const logFile = join(paths.logs, `${name}.log`);
  const token = `dapi${randomBytes(16).toString("hex")}`;
  let port: string | undefined;
  let child: Child;
  let stopping = false;

  const start = async (): Promise<Record<string, string>> => {
    const lines: string[] = [];
    let ready: (variables: Record<string, string>) => void = () => {};
    const answered = new Promise<Record<string, string>>((resolve) => {
      ready = resolve;
    });
    child = startChild({
      program: join(paths.root, standin.program),
      cwd: paths.root,
      env: {
        ...params.env,
        ...connection.variables,
        KC_STANDIN_STATE: state,
        KC_STANDIN_TOKEN: token,
        ...(port ? { KC_STANDIN_PORT: port } : {}),
      },
      onLine(stream, line) {
        if (stream === "stdout" && line.startsWith('{"ready"'))
          return ready((JSON.parse(line) as { variables: Record<string, string> }).variables);
        lines.push(line);
        if (lines.length > 50) lines.shift();
        try {
          appendFileSync(logFile, `${new Date(clock.now()).toISOString()} ${line}\n`);
        } catch {
          // A full disk must not take the platform down for a log line.
        }
      },
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () =>
          reject(
            new UserError(`the local stand-in of ${name} did not start within ${(params.startTimeoutMs ?? 60_000) / 1000} s`, {
              hint: lines.slice(-5).join("\n  "),
            }),
          ),
        params.startTimeoutMs ?? 60_000,
      );
    });
    const dead = child.exited.then(({ code, signal }) => {
      throw new UserError(`the local stand-in of ${name} ended at its start (${signal ?? `exit code ${code}`})`, {
        hint: [...lines.slice(-5), `Its log is ${logFile}.`].join("\n  "),
      });
    });
    try {
      return await Promise.race([answered, late, dead]);
    } finally {
      clearTimeout(timer);
      dead.catch(() => undefined);
    }
  };

  const variables = await start();
  port = portOf(variables);
  const keepUp = async (): Promise<void> => {
    for (let pause = 100; ; pause = Math.min(pause * 2, 10_000)) {
      await child.exited;
      if (stopping) return;
      params.report(`the local stand-in of ${name} ended; starting it again`);
      await clock.sleep(pause);
      if (stopping) return;
      try {
        await start();
        pause = 50;
      } catch (error) {
        params.report((error as Error).message);
      }
    }
  };
  const kept = keepUp();
  return {
    name,
    variables: { ...connection.variables, ...variables },
    running: () => child.running(),
    async stop() {
      stopping = true;
      await child.stop(8_000);
      await kept;
    },
  };
}

function portOf(variables: Record<string, string>): string | undefined {
  for (const value of Object.values(variables)) {
    const found = /^https?:\/\/[^/]+:(\d+)/.exec(value)?.[1];
    if (found) return found;
  }
  return Object.entries(variables).find(([name]) => name.endsWith("_PORT"))?.[1];
}
