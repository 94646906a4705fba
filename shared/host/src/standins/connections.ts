import { join } from "node:path";
import { connections as known, type ResolvedConnection, resolveConnections } from "@kc/connections";
import { type Clock, UserError } from "@kc/runtime/internal";
import { type Environment, readEnvFile, rootEnvironment } from "../environment.ts";
import type { LocationEntry } from "../locations/workspace-file.ts";
import type { InstancePaths } from "../paths.ts";
import { answers } from "./probe.ts";
import { provision, readStandinsFile } from "./provision.ts";
import { type Standin, startStandin } from "./standin.ts";

/** A connection as the API shows it: never a value of a variable. */
export interface ConnectionStatus {
  name: string;
  title: string;
  mode: "vendor" | "standin";
  variables: string[];
  usedBy: string[];
  /** Whether its endpoint takes connections now; null when that was not asked or there is no endpoint. */
  answers: boolean | null;
}

export interface Connections {
  /**
   * Resolves the connections of these locations too and starts the stand-ins that they need, in an order in which each
   * finds those it reaches. A location whose own `.env` configures a connection has it for itself.
   * @throws UserError with every problem at once; nothing of these locations is kept then.
   */
  add(entries: readonly LocationEntry[]): Promise<void>;
  /** Variables of its connections for a location. */
  variablesOf(entry: LocationEntry): Record<string, string>;
  modesOf(entry: LocationEntry): Record<string, "vendor" | "standin">;
  /** With `probe` every endpoint in use is knocked at. */
  status(probe: boolean): Promise<ConnectionStatus[]>;
  stop(): Promise<void>;
}

interface ConnectionParams {
  paths: InstancePaths;
  env: Environment;
  clock: Clock;
  report(line: string): void;
}

/** The connections of an instance; none is resolved before a location that uses it is added. */
export function openConnections({ paths, env: own, clock, report }: ConnectionParams): Connections {
  const env = rootEnvironment(paths.root, own);
  const resolved = new Map<LocationEntry, ResolvedConnection[]>();
  const variables = new Map<LocationEntry, Record<string, string>>();
  const standins = new Map<string, Standin>();

  const all = (): ResolvedConnection[] => [...resolved.values()].flat();
  const startMissing = async (): Promise<void> => {
    const starting = new Map<string, Promise<void>>();
    const startOne = async (one: ResolvedConnection): Promise<void> => {
      const { name, reaches } = one.connection;
      await Promise.all(reaches.map((other) => starting.get(other)));
      const reached = reaches.map(
        (other) => standins.get(other)?.variables ?? all().find((two) => two.connection.name === other)?.variables,
      );
      standins.set(name, await startStandin({ connection: one, paths, env: Object.assign({}, env, ...reached), clock, report }));
    };
    for (const { name } of known) {
      const one = all().find(({ connection, mode }) => mode === "standin" && connection.name === name);
      if (one && !standins.has(name)) starting.set(name, startOne(one));
    }
    const failed = (await Promise.allSettled(starting.values())).find((outcome) => outcome.status === "rejected");
    if (failed) throw failed.reason;
  };

  /** Applies a location's standins.yaml; the ids it gets back become variables of every location on the same stand-in. */
  const applyFile = async (entry: LocationEntry): Promise<void> => {
    const file = readStandinsFile(entry, paths.root);
    for (const [name, spec] of Object.entries(file?.sections ?? {})) {
      const one = resolved.get(entry)!.find(({ connection }) => connection.name === name);
      if (!one)
        throw new UserError(`it has a section "${name}", but location ${entry.name} does not use that connection`, {
          where: file!.file,
          hint: 'Add it to "kc": { "connections": [...] } of its package.json.',
        });
      const program = one.connection.standin.provision;
      if (one.mode === "vendor" || !program) continue;
      const made = await provision({
        program,
        connection: name,
        spec,
        entry,
        file: file!.file,
        variables: variables.get(entry)!,
        env,
        paths,
      });
      // Ids that a person has set stay as they are.
      const ids = Object.fromEntries(Object.entries(made).filter(([id]) => !env[id]));
      for (const [other, list] of resolved)
        if (list.some(({ connection, mode }) => connection.name === name && mode === "standin"))
          Object.assign(variables.get(other)!, ids);
    }
  };

  return {
    async add(entries) {
      const problems = new Set<string>();
      const before = [...resolved.keys()];
      for (const entry of entries) {
        const values = { ...readEnvFile(join(paths.root, ".env")), ...readEnvFile(join(entry.folder, ".env")), ...own };
        const outcome = resolveConnections(values, { only: usedBy(entry), standins: env.KC_STANDINS === "off" ? "off" : "on" });
        for (const problem of outcome.problems) problems.add(problem);
        resolved.set(entry, outcome.resolved);
      }
      try {
        if (problems.size > 0)
          throw new UserError([...problems].join("\n"), { hint: "The variables stand in .env; .env.example explains each." });
        await startMissing();
        for (const entry of entries) {
          const parts = resolved
            .get(entry)!
            .map((one) => (one.mode === "standin" ? standins.get(one.connection.name)!.variables : one.variables));
          variables.set(entry, Object.assign({}, ...parts));
        }
        // Location by location: two may describe the same catalog.
        for (const entry of entries) await applyFile(entry);
      } catch (error) {
        for (const entry of entries) if (!before.includes(entry)) resolved.delete(entry);
        throw error;
      }
    },
    variablesOf: (entry) => variables.get(entry) ?? {},
    modesOf: (entry) => Object.fromEntries((resolved.get(entry) ?? []).map(({ connection, mode }) => [connection.name, mode])),
    status: (probe) =>
      Promise.all(
        known.map(async (connection) => {
          const users = [...resolved].filter(([, list]) => list.some((one) => one.connection.name === connection.name));
          const used = users[0]?.[1].find((one) => one.connection.name === connection.name);
          const mode = (used ?? resolveConnections(env, { only: [connection.name] }).resolved[0]!).mode;
          return {
            name: connection.name,
            title: connection.title,
            mode,
            variables: connection.variables.map((variable) => variable.name),
            usedBy: users.map(([entry]) => entry.name),
            answers: probe && users[0] ? await answers(connection, variables.get(users[0][0]) ?? {}) : null,
          };
        }),
      ),
    async stop() {
      // What reaches others ends before them.
      for (const { name } of known.toReversed()) await standins.get(name)?.stop();
    },
  };
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
