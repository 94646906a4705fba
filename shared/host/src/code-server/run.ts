import {
  executeRun,
  type LoadedLocation,
  type LocationPaths,
  type NewEvent,
  type PlannedRun,
  type RunInput,
  RunStop,
  type StepEvent,
  systemClock,
} from "@kc/runtime/serve";
import type { PoolRequest } from "../gen/code_location.ts";
import { withoutSecrets } from "../secrets/messages.ts";
import type { Redactor } from "../secrets/redactor.ts";
import { eventSender } from "./event-sender.ts";
import { withOutput } from "./output.ts";
import { openSpool } from "./spool.ts";
import type { RunTrace } from "./tracing.ts";

export interface RunRequestMessage {
  plan: PlannedRun;
  input: RunInput;
  maxConcurrentSteps?: number;
}

export interface RunHandle {
  /**
   * @param failed Why it is stopped and counts as failed; empty when it was cancelled.
   * @param crashed Only kc's own end stops it.
   */
  cancel(failed: string, crashed: boolean): void;
  /** The step of this key has its slots. */
  granted(step: string): void;
  /** The host is gone: ends the run without a word, so that the next host says what became of it. */
  abandon(): void;
  /** The host takes more events. */
  drained(): void;
  /** Resolves when the run has ended and every event was sent. */
  done: Promise<void>;
}

/**
 * Executes a run and sends its events in batches: all that were emitted within one turn of the event loop go together,
 * to the spool first.
 */
export function startRun(params: {
  message: RunRequestMessage;
  location: LoadedLocation;
  paths: LocationPaths;
  env: Readonly<Record<string, string | undefined>>;
  spoolFolder: string;
  /** What is taken out of all that the run says, before anything of it is written or sent. */
  secrets: Redactor;
  /** Sends events as lines of JSON; answers false when the host takes no more until `drained`. */
  send(lines: readonly string[]): boolean;
  /** Asks for slots of a pool, or gives them back with weight 0. */
  ask(request: PoolRequest): void;
  trace?: RunTrace | undefined;
}): RunHandle {
  const { message, location, paths, env, secrets } = params;
  const runId = message.input.runId;
  const spool = openSpool(params.spoolFolder, runId);
  const sender = eventSender(spool, params.send);
  const abort = new AbortController();
  let seq = 0;
  let batch: string[] = [];
  let size = 0;
  let scheduled = false;
  let abandoned = false;
  const asked = new Map<string, () => void>();
  const flush = () => {
    scheduled = false;
    if (batch.length === 0) return;
    const lines = batch;
    batch = [];
    size = 0;
    sender.push(lines);
  };
  const emit = (said: StepEvent) => {
    if (abandoned) return;
    const { event, line } = lineOf({ ...said, at: systemClock.now(), runId, seq: ++seq }, secrets);
    params.trace?.hear(event);
    batch.push(line);
    size += line.length;
    // A step that floods must not hold its lines back in memory. That a step starts is on disk before its code runs: code
    // that never gives its thread back, or ends the process, must not look as if it had not begun.
    if (batch.length >= 500 || size > 1 << 20 || event.type === "step_started") flush();
    else if (!scheduled) {
      scheduled = true;
      setImmediate(flush);
    }
  };
  const done = executeRun({
    plan: message.plan,
    input: message.input,
    location,
    environment: { env, location: paths },
    emit,
    clock: systemClock,
    signal: abort.signal,
    ...(message.maxConcurrentSteps ? { maxConcurrentSteps: message.maxConcurrentSteps } : {}),
    pool: (step, use, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve(undefined);
        const leave = () => {
          flush();
          params.ask({ step, pool: use.name, weight: 0 });
        };
        const stop = () => {
          asked.delete(step);
          leave();
          resolve(undefined);
        };
        signal.addEventListener("abort", stop, { once: true });
        asked.set(step, () => {
          asked.delete(step);
          signal.removeEventListener("abort", stop);
          resolve(leave);
        });
        flush();
        params.ask({ step, pool: use.name, weight: use.weight });
      }),
    around: (step, work) =>
      withOutput(
        secrets,
        (stream, line, continues) =>
          emit({
            type: "log",
            step,
            stream,
            level: stream === "stdout" ? "info" : "error",
            message: line,
            ...(continues ? { fields: { continues } } : {}),
          }),
        params.trace ? () => params.trace!.step(step, work) : work,
      ),
  }).then(async () => {
    flush();
    await sender.finish();
    spool.close();
    // The run has ended for everybody; the worker may be ended next.
    await params.trace?.flush();
  });
  return {
    cancel: (failed, crashed) =>
      abort.abort(failed ? new RunStop(failed, { failed: true, crashed }) : new Error("the run was cancelled")),
    granted: (step) => asked.get(step)?.(),
    abandon() {
      flush();
      abandoned = true;
      sender.giveUp();
      abort.abort(new Error("kc was stopped"));
    },
    drained: sender.drained,
    done,
  };
}

/** Characters that one log line may take: a message of the wire must hold it. */
const longest = 16 << 20;

function lineOf(said: NewEvent, secrets: Redactor): { event: NewEvent; line: string } {
  const spelled = JSON.stringify(said);
  const event = secrets.suspects(spelled) ? withoutSecrets("event", said, secrets) : said;
  const line = event === said ? spelled : JSON.stringify(event);
  if (line.length <= longest || event.type !== "log") return { event, line };
  const { fields: _, message = "", ...rest } = event;
  const cut = { ...rest, message: `${message.slice(0, 1 << 20)}… (cut: the line has ${line.length} characters)` };
  return { event: cut, line: JSON.stringify(cut) };
}
