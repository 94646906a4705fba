import { didYouMean, UserError } from "../errors.ts";
import { issueWords, placed } from "../issue-words.ts";
import type { LoadedLocation } from "../load/assemble.ts";
import { parseConfig } from "./parse-config.ts";
import { unknownKeys } from "./unknown-keys.ts";

/**
 * Run config by step name out of what a launch gives: a job with a config of its own turns it into that of its steps. Both
 * are checked against their schemas.
 * @throws UserError naming the job or step and the path of every value that does not fit.
 */
export function configureRun(
  location: Pick<LoadedLocation, "name" | "jobs" | "assets">,
  request: { job?: string | undefined; config: Record<string, unknown>; steps: readonly string[] },
): Record<string, unknown> {
  const job = request.job === undefined ? undefined : location.jobs.find((one) => one.name === request.job);
  if (request.job !== undefined && !job) throw new UserError(`location ${location.name} has no job "${request.job}" any more`);
  const config = job?.config ? jobConfig(job.name, job.config, job.configure!, request.config) : request.config;
  const unknown = Object.keys(config).find((name) => !request.steps.includes(name));
  if (unknown !== undefined)
    throw new UserError(
      `${job?.config ? `job "${job.name}": configure() gives config to "${unknown}", which is no step of it` : `config: there is no step "${unknown}" in this request`}.${didYouMean(unknown, request.steps)}`,
    );
  for (const definition of location.assets)
    if (request.steps.includes(definition.name)) parseConfig(definition, config[definition.name]);
  return config;
}

function jobConfig(
  name: string,
  schema: {
    safeParse(
      value: unknown,
      params?: { error: typeof issueWords },
    ): { success: boolean; data?: unknown; error?: { issues: Issue[] } };
  },
  configure: (config: unknown) => Record<string, unknown>,
  given: Record<string, unknown>,
): Record<string, unknown> {
  const parsed = schema.safeParse(given, { error: issueWords });
  const issues = parsed.error?.issues.map(placed) ?? [];
  const problems = [...issues, ...unknownKeys(schema, given)];
  if (problems.length > 0)
    throw new UserError(`config of job "${name}": ${problems.join("; ")}`, { hint: "kc list jobs --json shows its schema." });
  const made: unknown = configure(parsed.data);
  if (typeof made !== "object" || made === null || Array.isArray(made) || made instanceof Promise)
    throw new UserError(`job "${name}": configure() must return config by step name, not ${describe(made)}`);
  return JSON.parse(JSON.stringify(made)) as Record<string, unknown>;
}

type Issue = { path: PropertyKey[]; message: string };

const describe = (value: unknown): string =>
  value === null ? "null" : Array.isArray(value) ? "a list" : value instanceof Promise ? "a promise" : typeof value;
