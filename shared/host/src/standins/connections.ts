import { join } from "node:path";
import { connections as known, type ResolvedConnection, resolveConnections } from "@kc/connections";
import { type Clock, UserError } from "@kc/runtime/internal";
import { type Environment, readEnvFile, rootEnvironment } from "../environment.ts";
import type { LocationEntry } from "../locations/workspace-file.ts";
import type { InstancePaths } from "../paths.ts";
import { provision, readStandinsFile } from "./provision.ts";
import { type Standin, startStandin } from "./standin.ts";

/** A connection as the API shows it: never a value of a variable. */
export interface ConnectionStatus {
  name: string;
  title: string;
  mode: "vendor" | "standin";
  variables: string[];
  usedBy: string[];
  /** Of a stand-in: whether its process runs. */
  running: boolean | null;
}

export interface Connections {
  /** Variables of its connections for a location. */
  variablesOf(entry: LocationEntry): Record<string, string>;
  modesOf(entry: LocationEntry): Record<string, "vendor" | "standin">;
  status(): ConnectionStatus[];
  stop(): Promise<void>;
}

/** The connections a location uses, with those that these must reach. */
function usedBy(entry: LocationEntry): string[] {
  const names = new Set<string>();
  const add = (name: string) => {
    const connection = known.find((one) => one.name === name);
    if (!connection)
      throw new UserError(`location ${entry.name} uses connection "${name}", which kc does not know`, {
        hint: `There are ${known.map((one) => one.name).join(", ")}.`,
        where: join(entry.folder, "package.json"),
      });
    names.add(name);
    for (const other of connection.reaches) add(other);
  };
  for (const name of entry.connections) add(name);
  return known.map((one) => one.name).filter((name) => names.has(name));
}

/**
 * Resolves the connections of all locations and starts the stand-ins that are needed, in an order in which each finds
 * those it reaches. A location whose own `.env` configures a connection has it for itself.
 * @throws UserError with every problem at once.
 */
export async function startConnections(params: {
  entries: readonly LocationEntry[];
  paths: InstancePaths;
  env: Environment;
  clock: Clock;
  report(line: string): void;
}): Promise<Connections> {
  const { entries, paths, clock, report } = params;
  const env = rootEnvironment(paths.root, params.env);
  const perLocation = new Map<LocationEntry, ResolvedConnection[]>();
  const problems = new Set<string>();
  for (const entry of entries) {
    const own = { ...readEnvFile(join(paths.root, ".env")), ...readEnvFile(join(entry.folder, ".env")), ...params.env };
    const { resolved, problems: found } = resolveConnections(own, {
      only: usedBy(entry),
      standins: env.KC_STANDINS === "off" ? "off" : "on",
    });
    for (const problem of found) problems.add(problem);
    perLocation.set(entry, resolved);
  }
  if (problems.size > 0)
    throw new UserError([...problems].join("\n"), { hint: "The variables stand in .env; .env.example explains each." });

  const standins = new Map<string, Standin>();
  const needed = known.filter((one) =>
    [...perLocation.values()].some((list) =>
      list.some(({ connection, mode }) => mode === "standin" && connection.name === one.name),
    ),
  );
  const starting = new Map<string, Promise<void>>();
  const startOne = async (name: string): Promise<void> => {
    const connection = known.find((one) => one.name === name)!;
    await Promise.all(connection.reaches.map((other) => starting.get(other)));
    const settings = [...perLocation.values()].flat().find((one) => one.connection.name === name && one.mode === "standin")!;
    const reached = connection.reaches.flatMap((other) =>
      Object.entries(
        standins.get(other)?.variables ??
          [...perLocation.values()].flat().find((one) => one.connection.name === other)?.variables ??
          {},
      ),
    );
    standins.set(
      name,
      await startStandin({ connection: settings, paths, env: { ...env, ...Object.fromEntries(reached) }, clock, report }),
    );
  };
  for (const { name } of needed) starting.set(name, startOne(name));
  const outcomes = await Promise.allSettled(starting.values());
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed) {
    await Promise.all([...standins.values()].map((one) => one.stop()));
    throw failed.reason;
  }

  const variables = new Map<LocationEntry, Record<string, string>>();
  for (const entry of entries) {
    const mine = perLocation.get(entry)!;
    const own = Object.assign(
      {},
      ...mine.map((one) => (one.mode === "standin" ? standins.get(one.connection.name)!.variables : one.variables)),
    );
    variables.set(entry, own);
  }
  // Sections are applied location by location: two may describe the same catalog.
  for (const entry of entries) {
    const file = readStandinsFile(entry, paths.root);
    for (const [name, spec] of Object.entries(file?.sections ?? {})) {
      const one = perLocation.get(entry)!.find(({ connection }) => connection.name === name);
      if (!one)
        throw new UserError(`it has a section "${name}", but location ${entry.name} does not use that connection`, {
          where: file!.file,
          hint: 'Add it to "kc": { "connections": [...] } of its package.json.',
        });
      if (one.mode === "vendor" || !one.connection.standin.provision) continue;
      const made = await provision({
        program: one.connection.standin.provision,
        connection: name,
        spec,
        entry,
        file: file!.file,
        variables: variables.get(entry)!,
        env,
        paths,
      });
      for (const other of entries)
        if (perLocation.get(other)!.some(({ connection, mode }) => connection.name === name && mode === "standin"))
          Object.assign(variables.get(other)!, withoutOverridden(made, env));
    }
  }
  return {
    variablesOf: (entry) => variables.get(entry) ?? {},
    modesOf: (entry) => Object.fromEntries((perLocation.get(entry) ?? []).map(({ connection, mode }) => [connection.name, mode])),
    status: () =>
      known.map((connection) => {
        const users = entries.filter((entry) => perLocation.get(entry)!.some((one) => one.connection.name === connection.name));
        const mode =
          users.map((entry) => perLocation.get(entry)!.find((one) => one.connection.name === connection.name)!.mode)[0] ??
          resolveConnections(env, { only: [connection.name] }).resolved[0]!.mode;
        return {
          name: connection.name,
          title: connection.title,
          mode,
          variables: connection.variables.map((variable) => variable.name),
          usedBy: users.map((entry) => entry.name),
          running: mode === "standin" ? (standins.get(connection.name)?.running() ?? false) : null,
        };
      }),
    async stop() {
      for (const { name } of [...needed].reverse()) await standins.get(name)?.stop();
    },
  };
}

/** Ids that a person has set stay as they are. */
const withoutOverridden = (made: Record<string, string>, env: Environment): Record<string, string> =>
  Object.fromEntries(Object.entries(made).filter(([name]) => !env[name]));
