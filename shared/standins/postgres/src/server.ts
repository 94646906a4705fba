import { mkdir, open, readFile, realpath, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import { nativeFolder } from "./binaries.ts";
import { cluster, password } from "./cluster.ts";
import { sweepLeftovers } from "./leftovers.ts";
import { freePort } from "./port.ts";
import { type Reaped, spawnReaped } from "./reaper.ts";
import { type RunAs, runAs } from "./run-as.ts";
import { socketDir } from "./socket-dir.ts";
import { ownServerHint, PostgresStartError } from "./start-error.ts";
import { lockState } from "./state-lock.ts";

export interface StartOptions {
  /** Absolute folder of the cluster; made when missing. One running server per folder. */
  stateDir: string;
  /** Preferred TCP port; default the last one. */
  port?: number | undefined;
  /** For root callers: how to run as somebody else. Default: what works. */
  rootMethod?: "unshare" | "setuid" | undefined;
}

export interface RunningPostgres {
  /** LOCAL_POSTGRES_HOST, _PORT, _USER, _PASSWORD, _DATABASE. */
  variables: Record<string, string>;
  /** The same as one URL, its password in it. */
  url: string;
  /** How it runs: as the caller, in a user namespace, or as another uid. */
  method: RunAs["method"];
  /** Folder of the unix socket. */
  socketDir: string;
  /** Resolves with the exit code when the server has ended. */
  ended: Promise<number>;
  stop(): Promise<void>;
}

const settings = {
  listen_addresses: "127.0.0.1",
  unix_socket_permissions: "0700",
  timezone: "UTC",
  log_timezone: "UTC",
  // No replication here; a table loaded in the transaction that made it then needs no write-ahead log.
  wal_level: "minimal",
  max_wal_senders: "0",
  max_wal_size: "2GB",
  // Small containers have a tiny /dev/shm.
  dynamic_shared_memory_type: process.platform === "linux" ? "mmap" : "posix",
};

/**
 * Starts the PostgreSQL of a state folder and waits until it answers. It ends with this process, however that ends.
 * @throws PostgresStartError when it cannot run here or another process holds the folder.
 */
export async function startPostgres(options: StartOptions): Promise<RunningPostgres> {
  await mkdir(options.stateDir, { recursive: true, mode: 0o755 });
  const stateDir = await realpath(options.stateDir);
  const unlock = await lockState(stateDir);
  try {
    const as = await runAs(stateDir, await realpath(nativeFolder()), options.rootMethod);
    const secret = await password(stateDir);
    const dataDir = await cluster(as, secret);
    await sweepLeftovers(await realpath(dataDir));
    const sockets = await socketDir(stateDir, as.uid);
    const portFile = join(stateDir, "port");
    const last = options.port ?? (Number(await readFile(portFile, "utf8").catch(() => "")) || undefined);
    for (let attempt = 1; ; attempt++) {
      const port = await freePort(attempt === 1 ? last : undefined);
      const variables = {
        LOCAL_POSTGRES_HOST: "127.0.0.1",
        LOCAL_POSTGRES_PORT: String(port),
        LOCAL_POSTGRES_USER: "postgres",
        LOCAL_POSTGRES_PASSWORD: secret,
        LOCAL_POSTGRES_DATABASE: "postgres",
      };
      const server = await start(as, dataDir, stateDir, { ...settings, port: String(port), unix_socket_directories: sockets });
      const problem = await answers(server, variables);
      if (problem === undefined) {
        await writeFile(portFile, String(port));
        const ended = server.ended.finally(async () => {
          await rm(sockets, { recursive: true, force: true });
          unlock();
        });
        return {
          variables,
          url: `postgres://postgres:${encodeURIComponent(secret)}@127.0.0.1:${port}/postgres`,
          method: as.method,
          socketDir: sockets,
          ended,
          stop: () => server.stop().then(() => ended.then(() => undefined)),
        };
      }
      await server.stop();
      // Between the look at the port and the server's bind somebody else may have taken it; what a crash left may need a moment to go.
      const log = await logTail(stateDir);
      if (attempt >= 4 || !/Address already in use|could not bind|shared memory block .* is still in use/.test(log))
        throw new PostgresStartError(
          `PostgreSQL did not start: ${problem}\n${log}`,
          `The whole log: ${join(stateDir, "postgres.log")}. ${ownServerHint}`,
        );
      await wait(300);
    }
  } catch (error) {
    unlock();
    throw error;
  }
}

async function start(as: RunAs, dataDir: string, stateDir: string, values: Record<string, string>): Promise<Reaped> {
  const file = join(stateDir, "postgres.log");
  if (((await stat(file).catch(() => undefined))?.size ?? 0) > 10_000_000) await truncate(file);
  const log = await open(file, "a", 0o600);
  try {
    return spawnReaped(
      as,
      as.binaries.postgres,
      ["-D", dataDir, ...Object.entries(values).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
      log.fd,
    );
  } finally {
    await log.close();
  }
}

/** Waits for a first answer; undefined when it came, else what went wrong. Recovery after a crash may take a while. */
async function answers(server: Reaped, variables: Record<string, string>): Promise<string | undefined> {
  let ended: number | undefined;
  void server.ended.then((code) => {
    ended = code;
  });
  let last = "no answer";
  for (let deadline = Date.now() + 120_000; Date.now() < deadline; ) {
    await wait(30);
    if (ended !== undefined) return `it ended with code ${ended}`;
    const client = new pg.Client({
      host: "127.0.0.1",
      port: Number(variables["LOCAL_POSTGRES_PORT"]),
      user: "postgres",
      password: variables["LOCAL_POSTGRES_PASSWORD"],
      database: "postgres",
      connectionTimeoutMillis: 5_000,
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.query("select 1");
      return undefined;
    } catch (error) {
      last = (error as Error).message;
      if ((error as { code?: string }).code === "28P01") return "its password is not the one in the state folder";
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  return last;
}

async function logTail(stateDir: string): Promise<string> {
  const text = await readFile(join(stateDir, "postgres.log"), "utf8").catch(() => "");
  return text.trimEnd().split("\n").slice(-8).join("\n");
}
