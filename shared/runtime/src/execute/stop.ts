/** Why a run is stopped from outside, as the reason of its abort signal. */
export class RunStop extends Error {
  override readonly name = "RunStop";
  /** The run counts as failed, not as cancelled. */
  readonly failed: boolean;

  constructor(message: string, options: { failed: boolean }) {
    super(message);
    this.failed = options.failed;
  }
}

export const stopOf = (signal: AbortSignal): RunStop | undefined =>
  signal.reason instanceof RunStop ? signal.reason : undefined;

/** What the end of a step says when it ended because the run was cancelled, not because it took too long. */
export const stopFields = (signal: AbortSignal): { fields?: { cancelled: true } } =>
  stopOf(signal)?.failed ? {} : { fields: { cancelled: true } };

/** What a step that had not begun says of it. */
export const stopText = (signal: AbortSignal): string =>
  stopOf(signal)?.failed ? `the run was stopped: ${stopOf(signal)!.message}` : "the run was cancelled";

/** What a step that had begun says of it. */
export const stopWord = (signal: AbortSignal): string =>
  stopOf(signal)?.failed ? `stopped: ${stopOf(signal)!.message}` : "cancelled";
