import { credentials } from "@grpc/grpc-js";
import type { TickLog } from "@kc/runtime/internal";
import type { TickAnswer, TickQuestion } from "../code-server/tick.ts";
import type { CodeLocationClient, EvaluateTickResponse, LoadError } from "../gen/code_location.ts";
import { HealthClient } from "../gen/health.ts";

/** The location's code could not be asked, or died while it was: no fault of the schedule or sensor, which is tried again. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** The process ended by itself while it was asked: what it was asked may have ended it. The message says how. */
export class Died extends Error {
  override readonly name = "Died";
}

/** A tick's function failed; the lines it had logged come along. */
export class TickFailed extends Error {
  override readonly name = "TickFailed";
  readonly logs: TickLog[];
  constructor(message: string, logs: TickLog[] = []) {
    super(message);
    this.logs = logs;
  }
}

/** The function did not answer, and nothing else of its process did: it blocked it, and the process was killed. */
export class Blocked extends TickFailed {}

/** How long (ms) a code server whose tick is late may take to show that it is alive. */
const aliveMs = 5_000;
const [cancelled, deadlineExceeded, unavailable] = [1, 4, 14];

type Callback<T> = (error: (Error & { code?: number }) | null, response: T) => void;

/**
 * Asks a code server about a tick. One that is late is given up; when the whole code server does not answer any more, its
 * event loop is blocked and it is killed, to be started again: one sensor does not take its location down.
 * @param process `died` answers how the process ended, or undefined when the host stopped it or it goes on.
 */
export function askTick(
  client: CodeLocationClient,
  process: { kill(): void; died(): Promise<string | undefined> },
  question: TickQuestion,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<TickAnswer> {
  return new Promise((resolve, reject) => {
    const request = {
      type: question.type,
      name: question.name,
      now: question.now,
      cursor: question.cursor,
      eventsJson: JSON.stringify(question.events),
      runsJson: JSON.stringify(question.runs ?? []),
      changesJson: JSON.stringify(question.changes ?? []),
      dryRun: question.dryRun ?? false,
    };
    const done: Callback<EvaluateTickResponse> = async (error, response) => {
      if (error?.code === deadlineExceeded) {
        const late = `it did not answer within ${timeoutMs / 1000} s`;
        if (await answers(client)) return reject(new TickFailed(late));
        process.kill();
        return reject(new Blocked(`${late}, nor did its location: something blocks it, so it is started again`));
      }
      if (error?.code === unavailable || error?.code === cancelled) {
        const how = await process.died();
        return reject(
          how === undefined ? new Unreachable("the location's code server was replaced during the tick") : new Died(how),
        );
      }
      if (error) return reject(new TickFailed(error.message));
      if (response.result?.$case === "answerJson") return resolve(JSON.parse(response.result.value));
      const failed = response.result!.value as LoadError;
      const logs = response.logsJson ? (JSON.parse(response.logsJson) as TickLog[]) : [];
      reject(new TickFailed(failed.where ? `${failed.where}: ${failed.message}` : failed.message, logs));
    };
    const call = client.evaluateTick(request, { deadline: Date.now() + timeoutMs } as never, done as never);
    signal?.addEventListener("abort", () => (call as unknown as { cancel(): void }).cancel());
  });
}

const answers = (client: CodeLocationClient): Promise<boolean> =>
  new Promise((resolve) => {
    const health = new HealthClient("", credentials.createInsecure(), { channelOverride: client.getChannel() });
    health.check({ service: "" }, { deadline: Date.now() + aliveMs } as never, (error: Error | null) => resolve(!error));
  });
