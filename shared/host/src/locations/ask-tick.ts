import type { TickLog } from "@kc/runtime/internal";
import type { TickAnswer, TickQuestion } from "../code-server/tick.ts";
import type { CodeLocationClient, EvaluateTickResponse, GetDefinitionsResponse, LoadError } from "../gen/code_location.ts";

/** The location's code could not be asked, or died while it was: no fault of the schedule or sensor, which is tried again. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
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

/** How long (ms) a code server whose tick is late may take to show that it is alive. */
const aliveMs = 5_000;
const [cancelled, deadlineExceeded, unavailable] = [1, 4, 14];

type Callback<T> = (error: (Error & { code?: number }) | null, response: T) => void;

/**
 * Asks a code server about a tick. One that is late is given up; when the whole code server does not answer any more, its
 * event loop is blocked and it is killed, to be started again: one sensor does not take its location down.
 */
export function askTick(
  client: CodeLocationClient,
  kill: () => void,
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
      dryRun: question.dryRun ?? false,
    };
    const done: Callback<EvaluateTickResponse> = async (error, response) => {
      if (error?.code === deadlineExceeded) {
        const alive = await answers(client);
        if (!alive) kill();
        const late = `it did not answer within ${timeoutMs / 1000} s`;
        return reject(
          new TickFailed(alive ? late : `${late}, nor did its location: something blocks it, so it is started again`),
        );
      }
      if (error?.code === unavailable || error?.code === cancelled)
        return reject(new Unreachable("the location's code server ended or was replaced during the tick"));
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
    const done: Callback<GetDefinitionsResponse> = (error) => resolve(!error);
    client.getDefinitions({}, { deadline: Date.now() + aliveMs } as never, done as never);
  });
