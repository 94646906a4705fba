import { appendFileSync, closeSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { systemClock, UserError } from "@kc/runtime/internal";
import { environmentPrint, instanceFilePrint } from "./environment-print.ts";
import { startInstance } from "./instance.ts";
import { takeLock } from "./instance-lock.ts";
import { instancePaths } from "./paths.ts";

// The host process of a checkout. A command starts it in a session of its own and holds a lease; it ends itself some
// seconds after the last lease is gone, so that nothing stays behind when a command is killed.

export interface HostOptions {
  root: string;
  home?: string;
  only?: string[];
  port: number;
  watch: boolean;
  writeKeys: boolean;
  /** Milliseconds from the last lease to the end. */
  lingerMs: number;
}

/** What the host tells the command that started it, on file descriptor 3. */
export type HostAnswer =
  | { ready: true; url: string; id: string; pid: number }
  | { ready: false; message: string; where?: string; hint?: string; stack?: string; busy?: boolean };

const options = JSON.parse(process.env.KC_HOST_OPTIONS!) as HostOptions;
const { KC_HOST_OPTIONS: _, ...env } = process.env;
const paths = instancePaths(options.root, options.home);

function tell(answer: HostAnswer): void {
  try {
    writeSync(3, `${JSON.stringify(answer)}\n`);
    closeSync(3);
  } catch {
    // The command that started us is gone; the lease timer ends us.
  }
}
const report = (line: string): void => {
  try {
    appendFileSync(join(paths.logs, "host.log"), `${new Date().toISOString()} ${line}\n`);
  } catch {
    // A full disk must not end the host.
  }
};

const lock = takeLock(paths.lock);
if (!lock) {
  tell({ ready: false, busy: true, message: "another host process of this checkout is starting or running" });
  process.exit(0);
}

let timer: NodeJS.Timeout | undefined;
let stopping = false;
let instance: Awaited<ReturnType<typeof startInstance>> | undefined;

async function stop(why: string): Promise<void> {
  if (stopping) return;
  stopping = true;
  report(`stopping: ${why}`);
  rmSync(paths.hostFile, { force: true });
  // Children end with us in any case: their watchdogs see our pipes close.
  const late = setTimeout(() => process.exit(1), 15_000);
  await instance?.stop().catch((error) => report(`stop: ${(error as Error).stack}`));
  clearTimeout(late);
  lock?.release();
  process.exit(0);
}
function onLeases(count: number, atOnce: boolean): void {
  clearTimeout(timer);
  // Ctrl-C on `kc dev` means stop; after a short command another one often follows.
  if (count > 0) return;
  if (atOnce || options.lingerMs === 0) timer = setTimeout(() => void stop("no command holds a lease"), 0);
  else timer = setTimeout(() => void leave(), options.lingerMs);
}

/** How often (ms) a host that nobody keeps looks whether its runs have ended. */
const runsMs = 1_000;

/** What was asked for and left to itself is carried out: the host ends once two looks have found nothing that goes on. */
async function leave(idle = 0): Promise<void> {
  const mine = timer;
  const quiet = (await instance?.busy().catch(() => false)) ? 0 : idle + 1;
  // A command has come meanwhile.
  if (timer !== mine) return;
  if (quiet === 2) await stop("no command holds a lease");
  else timer = setTimeout(() => void leave(quiet), quiet === 0 ? runsMs : runsMs / 10);
}
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop(signal));
process.on("SIGHUP", () => {});
process.on("unhandledRejection", (error) => report(`unhandled rejection: ${(error as Error)?.stack ?? error}`));
process.on("uncaughtException", (error) => {
  report(`internal error: ${error.stack}`);
  void stop("an internal error");
});

try {
  // Before the start, which reads the .env files too: a change in between is told rather than missed.
  const environment = environmentPrint(paths.root, env);
  const instanceFile = instanceFilePrint(paths.root);
  instance = await startInstance({
    paths,
    env,
    clock: systemClock,
    ...(options.only ? { only: options.only } : {}),
    port: options.port,
    watch: options.watch,
    writeKeys: options.writeKeys,
    report,
    onLeases,
    ending: () => stopping,
  });
  const file = { pid: process.pid, url: instance.url, id: instance.id, only: options.only ?? null, environment, instanceFile };
  writeFileSync(`${paths.hostFile}.tmp`, JSON.stringify(file), { mode: 0o600 });
  renameSync(`${paths.hostFile}.tmp`, paths.hostFile);
  report(`serving ${instance.url}`);
  tell({ ready: true, url: instance.url, id: instance.id, pid: process.pid });
  timer = setTimeout(() => void stop("no command took a lease"), Math.max(10_000, options.lingerMs));
} catch (error) {
  const failure = error as Error;
  report(`could not start: ${failure.stack}`);
  const user =
    failure instanceof UserError
      ? { ...(failure.where ? { where: failure.where } : {}), ...(failure.hint ? { hint: failure.hint } : {}) }
      : { stack: failure.stack ?? "" };
  tell({ ready: false, message: failure.message, ...user });
  lock.release();
  process.exit(1);
}
