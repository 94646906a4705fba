import type { TickAnswer, TickQuestion } from "../code-server/tick.ts";
import { Blocked, Died, TickFailed, Unreachable } from "../locations/ask-tick.ts";
import type { LocationState, Workspace } from "../locations/workspace.ts";

/** What is known of functions that ended or blocked their location's code server. */
interface Dangerous {
  deaths: number;
  /** Answers in a row since the last one. */
  answers: number;
}

/** A function that did so twice is asked in a process of its own until it has answered so often in a row. */
const trusted = 20;
const dangerous = new WeakMap<LocationState, Map<string, Dangerous>>();

function dangerousIn(location: LocationState): Map<string, Dangerous> {
  const known = dangerous.get(location) ?? new Map();
  dangerous.set(location, known);
  return known;
}

/**
 * Asks the function of a schedule or sensor. One whose process ends while it is asked is asked again at once, in a process of
 * its own: somebody else may have killed the first. One that did it again, now and then or each time, is asked there from then
 * on: a sensor that calls `process.exit` must not take those beside it down.
 * @throws Unreachable when there is nobody to ask, TickFailed when the function fails.
 */
export async function askLocation(
  workspace: Pick<Workspace, "startWorker">,
  location: LocationState,
  question: TickQuestion,
  timeoutMs: number,
): Promise<TickAnswer> {
  const known = dangerousIn(location);
  const name = `${question.type} ${question.name}`;
  const died = () => known.set(name, { deaths: (known.get(name)?.deaths ?? 0) + 1, answers: 0 });
  const asked = location.process!;
  if ((known.get(name)?.deaths ?? 0) < 2)
    try {
      return await asked.evaluateTick(question, timeoutMs);
    } catch (error) {
      if (error instanceof Died || error instanceof Blocked) died();
      // The one that takes its place is there already.
      if (error instanceof Unreachable && location.process && location.process !== asked)
        return await location.process.evaluateTick(question, timeoutMs);
      if (!(error instanceof Died)) throw error;
    }
  const answered = () => {
    const one = known.get(name);
    if (one && ++one.answers >= trusted) known.delete(name);
  };
  const own = workspace.startWorker(location.entry.name);
  try {
    const error = await own.loaded();
    if (error) throw new Unreachable(`location ${location.entry.name} does not load: ${error.message}`);
    const answer = await own.evaluateTick(question, timeoutMs);
    answered();
    return answer;
  } catch (error) {
    if (error instanceof Died || error instanceof Blocked) died();
    if (error instanceof Died) throw new TickFailed(`its function ended the process (${error.message})`);
    if (error instanceof TickFailed && !(error instanceof Blocked)) answered();
    throw error;
  } finally {
    void own.stop();
  }
}
