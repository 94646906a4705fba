import { didYouMean, UserError } from "../errors.ts";
import type { GraphProblem, WorkspaceGraph } from "../graph.ts";
import { checkSelection } from "../selection/select.ts";
import type { LocationSnapshot } from "../snapshot.ts";

/**
 * What is wrong with jobs, schedules and sensors once all locations are known: selections that name no asset of the
 * workspace, locations and jobs of other locations that do not exist, former locations that live.
 * @param all Names of all locations of workspace.yaml, loaded or not.
 */
export function instigatorProblems(
  graph: WorkspaceGraph,
  locations: readonly LocationSnapshot[],
  all: readonly string[],
): GraphProblem[] {
  const problems: GraphProblem[] = [];
  for (const location of locations) {
    const tell = (kind: GraphProblem["kind"], what: string, where: string | undefined, message: string) =>
      problems.push({
        kind,
        assets: [],
        locations: [location.name],
        message: `${what} (location ${location.name}${where ? `, ${where}` : ""}): ${message}`,
      });
    const named = [
      ...location.jobs.map((one) => ({ ...one, what: `job "${one.name}"`, texts: [one.selection] })),
      ...location.schedules.map((one) => ({ ...one, what: `schedule "${one.name}"`, texts: [one.target] })),
      ...location.sensors.map((one) => ({ ...one, what: `sensor "${one.name}"`, texts: [one.selection, one.target] })),
    ];
    for (const { what, where, texts } of named)
      for (const text of new Set(texts))
        try {
          if (text) checkSelection(graph, text);
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          const job = location.jobs.some((one) => one.name === text);
          tell(
            "selection",
            what,
            where,
            job
              ? `there is no asset "${text}", but a job: write target: ${text}, the job itself, without quotes.`
              : error.message,
          );
        }
    for (const { name, watches, where } of location.sensors) {
      const watched = watches?.locations;
      if (!watched || watched === "all") continue;
      const gone = watched.filter((one) => !all.includes(one));
      for (const one of gone)
        tell("selection", `sensor "${name}"`, where, `workspace.yaml has no location "${one}".${didYouMean(one, all)}`);
      if (!watches.job || gone.length > 0) continue;
      // A location that is not loaded now may well have the job.
      const known = locations.filter((one) => watched.includes(one.name));
      if (known.length === watched.length && !known.some((one) => one.jobs.some((job) => job.name === watches.job)))
        tell("selection", `sensor "${name}"`, where, `none of ${watched.join(", ")} has a job "${watches.job}"`);
    }
    for (const former of location.formerly ?? [])
      if (locations.some((one) => one.name === former))
        tell(
          "formerly",
          `location ${location.name}`,
          undefined,
          `it says that it was formerly "${former}", but location ${former} is there`,
        );
  }
  return problems;
}
