import type { TickAnswer, TickQuestion } from "../code-server/tick.ts";
import { Blocked, Died, TickFailed, Unreachable } from "../locations/ask-tick.ts";
import type { LocationState, Workspace } from "../locations/workspace.ts";

/** Functions by location that ended or blocked its code server, and have not answered since. */
const dangerous = new WeakMap<LocationState, Set<string>>();

function dangerousIn(location: LocationState): Set<string> {
  const known = dangerous.get(location) ?? new Set();
  dangerous.set(location, known);
  return known;
}

/**
 * Asks the function of a schedule or sensor. One that ends or blocks the code server is asked in a process of its own until it
 * answers there: a sensor that calls `process.exit` must not take those beside it down each time.
 * @throws Unreachable when there is nobody to ask, TickFailed when the function fails.
 */
export async function askLocation(
  workspace: Pick<Workspace, "startWorker">,
  location: LocationState,
  question: TickQuestion,
  timeoutMs: number,
): Promise<TickAnswer> {
  const names = dangerousIn(location);
  const name = `${question.type} ${question.name}`;
  if (!names.has(name))
    try {
      return await location.process!.evaluateTick(question, timeoutMs);
    } catch (error) {
      // Somebody else may have killed the process: whether it was this function shows when it is asked alone.
      if (error instanceof Died || error instanceof Blocked) names.add(name);
      if (!(error instanceof Died)) throw error;
    }
  const own = workspace.startWorker(location.entry.name);
  try {
    const loaded = await own.definitions();
    if ("error" in loaded) throw new Unreachable(`location ${location.entry.name} does not load: ${loaded.error.message}`);
    const answer = await own.evaluateTick(question, timeoutMs);
    names.delete(name);
    return answer;
  } catch (error) {
    if (error instanceof Died) throw new TickFailed(`its function ended the process (${error.message})`);
    if (error instanceof TickFailed && !(error instanceof Blocked)) names.delete(name);
    throw error;
  } finally {
    void own.stop();
  }
}
