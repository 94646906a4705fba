import {
  executeRun,
  type LoadedLocation,
  type LocationPaths,
  type NewEvent,
  type PlannedRun,
  type RunInput,
  type StepEvent,
  systemClock,
} from "@kc/runtime/internal";
import { withOutput } from "./output.ts";
import { openSpool } from "./spool.ts";

export interface RunRequestMessage {
  plan: PlannedRun;
  input: RunInput;
  maxConcurrentSteps?: number;
}

export interface RunHandle {
  cancel(): void;
  /** The host is gone: ends the run without a word, so that the next host says what became of it. */
  abandon(): void;
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
  send(events: NewEvent[]): void;
}): RunHandle {
  const { message, location, paths, env, send } = params;
  const runId = message.input.runId;
  const spool = openSpool(params.spoolFolder, runId);
  const abort = new AbortController();
  let seq = 0;
  let batch: NewEvent[] = [];
  let scheduled = false;
  let abandoned = false;
  const flush = () => {
    scheduled = false;
    if (batch.length === 0) return;
    const events = batch;
    batch = [];
    spool.append(events);
    send(events);
  };
  const emit = (event: StepEvent) => {
    if (abandoned) return;
    batch.push({ ...event, at: systemClock.now(), runId, seq: ++seq });
    // A step that floods must not hold its lines back in memory. That a step starts is on disk before its code runs: code
    // that never gives its thread back, or ends the process, must not look as if it had not begun.
    if (batch.length >= 500 || event.type === "step_started") flush();
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
    around: (step, work) =>
      withOutput(
        (stream, line) => emit({ type: "log", step, stream, level: stream === "stdout" ? "info" : "error", message: line }),
        work,
      ),
  }).then(() => {
    flush();
    spool.close();
  });
  return {
    cancel: () => abort.abort(new Error("the run was cancelled")),
    abandon() {
      flush();
      abandoned = true;
      abort.abort(new Error("kc was stopped"));
    },
    done,
  };
}
