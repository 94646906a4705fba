/** Why a run is stopped from outside, as the reason of its abort signal. */
export class RunStop extends Error {
  override readonly name = "RunStop";
  /** The run counts as failed, not as cancelled. */
  readonly failed: boolean;
  /** Nothing of the run's own failed: kc ended. What was broken off by it may be asked for again. */
  readonly crashed: boolean;

  constructor(message: string, options: { failed: boolean; crashed?: boolean }) {
    super(message);
    this.failed = options.failed;
    this.crashed = options.crashed ?? false;
  }
}

export const stopOf = (signal: AbortSignal): RunStop | undefined =>
  signal.reason instanceof RunStop ? signal.reason : undefined;

/** What the end of a step says besides when it ended because the run was: cancelled, broken off by kc's own end, or late. */
export function stopFields(signal: AbortSignal): { fields?: { cancelled: true } | { crashed: true } } {
  const stop = stopOf(signal);
  if (stop?.crashed) return { fields: { crashed: true } };
  return stop?.failed ? {} : { fields: { cancelled: true } };
}

/** What a step that had not begun says of it. */
export const stopText = (signal: AbortSignal): string =>
  stopOf(signal)?.failed ? `the run was stopped: ${stopOf(signal)!.message}` : "the run was cancelled";

/** What a step that had begun says of it. */
export const stopWord = (signal: AbortSignal): string =>
  stopOf(signal)?.failed ? `stopped: ${stopOf(signal)!.message}` : "cancelled";
