import {
  didYouMean,
  errorText,
  type FreshnessChange,
  type LoadedLocation,
  type LocationPaths,
  makeLogger,
  missingVariables,
  resourceScope,
  type ScheduleDefinition,
  type ScheduleResult,
  type SensorDefinition,
  type SensorEvent,
  type SensorResult,
  type SensorRun,
  type TickLog,
  UserError,
} from "@kc/runtime/serve";
import { refuseSecrets } from "../secrets/messages.ts";
import type { Redactor } from "../secrets/redactor.ts";

export interface TickQuestion {
  type: string;
  name: string;
  now: number;
  cursor: string | undefined;
  events: SensorEvent[];
  /** For run-status sensors. */
  runs?: SensorRun[];
  /** For freshness sensors. */
  changes?: FreshnessChange[];
  dryRun?: boolean;
}

/** A tick's answer and the lines its function logged. */
export interface TickAnswer {
  result: SensorResult & ScheduleResult;
  logs: TickLog[];
  /** What a sensor that is told of each run or change threw, and at which: the others were handled. */
  failures?: { of: string; message: string }[];
}

/** Lines of a tick that are kept: one that floods its log must not fill the database. */
const maxLogs = 1_000;

export interface TickEnvironment {
  paths: LocationPaths;
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
  /** What is taken out of the lines, and refused in what the function asks for. */
  secrets: Redactor;
  /** Gets the lines that the function logs, also when it fails. */
  logs: TickLog[];
  describe(error: unknown): { message: string; where: string };
}

/**
 * Asks the function of a schedule or sensor.
 * @throws UserError when there is none of the name, and whatever the function throws.
 */
export async function evaluateTick(
  location: LoadedLocation,
  question: TickQuestion,
  context: TickEnvironment,
): Promise<Omit<TickAnswer, "logs">> {
  const answer = await ask(location, question, context);
  const { runs, cursor, partitions } = answer.result;
  refuseSecrets(
    `${question.type === "schedule" ? "schedule" : "sensor"} "${question.name}"`,
    { runs, cursor, partitions },
    context.secrets,
  );
  return answer;
}

async function ask(
  location: LoadedLocation,
  question: TickQuestion,
  context: TickEnvironment,
): Promise<Omit<TickAnswer, "logs">> {
  const { type, name } = question;
  const definition: ScheduleDefinition | SensorDefinition | undefined =
    type === "schedule" ? location.schedules.find((one) => one.name === name) : location.sensors.find((one) => one.name === name);
  if (!definition?.run) throw new UserError(`location ${location.name} has no ${type} "${name}" with a function`);
  const log = makeLogger((event) => {
    if (context.logs.length < maxLogs)
      context.logs.push({ level: event.level ?? "info", message: line(context.secrets.text(event.message ?? "")) });
    else if (context.logs.length === maxLogs)
      context.logs.push({ level: "warn", message: `only the first ${maxLogs} lines are kept` });
  }, undefined);
  const missing = Object.entries(definition.resources).flatMap(([, resource]) => missingVariables(resource, context.env));
  if (missing.length > 0) throw new UserError(`unset environment variables: ${[...new Set(missing)].join(", ")}`);
  const scope = resourceScope(context.env, { signal: context.signal, log, location: context.paths });
  try {
    const resources = (await scope.resolve(definition.resources)) as never;
    const now = new Date(question.now);
    const { env, signal, paths } = context;
    const shared = { resources, log, signal, location: paths, env, now, dryRun: question.dryRun ?? false };
    if (definition.kind === "schedule") return { result: (await definition.run(shared)) ?? {} };
    const { cursor, events } = question;
    if (definition.type === "run_status") return await askForEach(definition, question.runs ?? [], runThing, shared, context);
    if (definition.type === "freshness_change")
      return await askForEach(definition, question.changes ?? [], changeThing, shared, context);
    const latest = Object.fromEntries(events.map((event) => [event.asset, event]));
    return { result: (await definition.run({ ...shared, cursor, events, latest })) ?? {} };
  } finally {
    await scope.close();
  }
}

/** A thing that a sensor is told of by itself: its name for people, its share in run keys, and where the function finds it. */
interface Thing {
  of: string;
  key: string;
  given: Pick<Parameters<NonNullable<SensorDefinition["run"]>>[0], "run" | "change">;
}
const runThing = (run: SensorRun): Thing => ({ of: `run ${run.id}`, key: `run:${run.id}:${run.status}`, given: { run } });
const changeThing = (change: FreshnessChange): Thing => ({
  of: `${change.asset} (${change.state})`,
  key: `freshness:${change.id}`,
  given: { change },
});

/** Asks once for each. One that fails is told; the others are handled all the same. */
async function askForEach<T>(
  definition: SensorDefinition,
  all: readonly T[],
  thingOf: (one: T) => Thing,
  shared: object,
  context: TickEnvironment,
): Promise<Omit<TickAnswer, "logs">> {
  const result = { runs: [], events: [], partitions: [] } as Required<Pick<SensorResult, "runs" | "events" | "partitions">>;
  const failures: { of: string; message: string }[] = [];
  const skips: string[] = [];
  for (const one of all) {
    const { of, key, given } = thingOf(one);
    try {
      const answer = (await definition.run!({ ...shared, cursor: undefined, events: [], ...given } as never)) ?? {};
      refuseUnknown(answer);
      result.runs.push(...(answer.runs ?? []).map((run, at) => ({ ...run, runKey: run.runKey ?? `${key}:${at}` })));
      result.events.push(...(answer.events ?? []));
      result.partitions.push(...(answer.partitions ?? []));
      if (answer.skip) skips.push(answer.skip);
    } catch (error) {
      const { message, where } = context.describe(error);
      failures.push({ of, message: where ? `${where}: ${message}` : message || errorText(error) });
    }
  }
  return { result: { ...result, ...(skips.length > 0 ? { skip: [...new Set(skips)].join("; ") } : {}) }, failures };
}

const known = ["runs", "events", "partitions", "skip"];

/** What is put together of several answers would leave out without a word what is not known. */
function refuseUnknown(answer: object): void {
  for (const key of Object.keys(answer))
    if (!known.includes(key))
      throw new UserError(
        `its function answered what is no result: there is no "${key}".${didYouMean(key, known) || ` There are ${known.join(", ")}.`}`,
      );
}

const line = (text: string): string => (text.length > 10_000 ? `${text.slice(0, 10_000)} …` : text);
