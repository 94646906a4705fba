import { installed, timed } from "./command.ts";

/** Why there is nothing to compare with, or undefined when psql is there. */
export const withoutPsql = (): string | undefined => (installed("psql") ? undefined : "psql is not installed");

/** Runs a script by psql and answers the milliseconds it tells of each statement after `\timing on`. */
export async function psqlTimes(variables: Record<string, string>, script: string): Promise<number[]> {
  const { stdout } = await timed("psql", ["--no-psqlrc", "--set=ON_ERROR_STOP=1", "--file=-"], {
    input: `\\timing on\n${script}`,
    env: {
      PATH: process.env.PATH,
      PGHOST: variables["LOCAL_POSTGRES_HOST"],
      PGPORT: variables["LOCAL_POSTGRES_PORT"],
      PGUSER: variables["LOCAL_POSTGRES_USER"],
      PGPASSWORD: variables["LOCAL_POSTGRES_PASSWORD"],
      PGDATABASE: variables["LOCAL_POSTGRES_DATABASE"] ?? "postgres",
    },
  });
  return psqlFigures(stdout);
}

/** The milliseconds in psql's output, whatever the language of the rest. */
export const psqlFigures = (output: string): number[] =>
  [...output.matchAll(/^\S+: ([\d.,]+) ms/gm)].map((match) => Number(match[1]!.replace(",", ".")));
