import {
  type LoadedLocation,
  type LocationPaths,
  makeLogger,
  missingVariables,
  resourceScope,
  type ScheduleResult,
  type SensorEvent,
  type SensorResult,
  UserError,
} from "@kc/runtime/internal";

export interface TickQuestion {
  type: string;
  name: string;
  now: number;
  cursor: string | undefined;
  events: SensorEvent[];
}

/** A tick's answer and the lines its function logged. */
export interface TickAnswer {
  result: SensorResult & ScheduleResult;
  logs: { level: string; message: string }[];
}

/**
 * Asks the function of a schedule or sensor.
 * @throws UserError when there is none of the name, and whatever the function throws.
 */
export async function evaluateTick(
  location: LoadedLocation,
  question: TickQuestion,
  context: { paths: LocationPaths; env: Readonly<Record<string, string | undefined>>; signal: AbortSignal },
): Promise<TickAnswer> {
  const { type, name } = question;
  const definition =
    type === "schedule" ? location.schedules.find((one) => one.name === name) : location.sensors.find((one) => one.name === name);
  if (!definition?.run) throw new UserError(`location ${location.name} has no ${type} "${name}" with a function`);
  const logs: TickAnswer["logs"] = [];
  const log = makeLogger((event) => logs.push({ level: event.level ?? "info", message: event.message ?? "" }), undefined);
  const missing = Object.entries(definition.resources).flatMap(([, resource]) => missingVariables(resource, context.env));
  if (missing.length > 0) throw new UserError(`unset environment variables: ${[...new Set(missing)].join(", ")}`);
  const scope = resourceScope(context.env, { signal: context.signal, log, location: context.paths });
  try {
    const resources = (await scope.resolve(definition.resources)) as never;
    const now = new Date(question.now);
    const shared = { resources, log, signal: context.signal, location: context.paths, env: context.env, now };
    const result =
      definition.kind === "schedule"
        ? await definition.run(shared)
        : await definition.run({ ...shared, cursor: question.cursor, events: question.events });
    return { result: result ?? {}, logs };
  } finally {
    await scope.close();
  }
}
