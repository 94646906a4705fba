import { type Connection, connections } from "./connection.ts";

/** A connection after resolution: the vendor's endpoint, or a stand-in that the host must start. */
export interface ResolvedConnection {
  connection: Connection;
  mode: "vendor" | "standin";
  /** Every variable with a value: for a stand-in only the settings; the rest comes from the stand-in itself. */
  variables: Record<string, string>;
}

export interface Resolution {
  resolved: ResolvedConnection[];
  /** One sentence each; a non-empty list means that nothing may start. */
  problems: string[];
}

/**
 * Decides for each connection between vendor and stand-in. An empty variable counts as unset.
 * With `standins: "off"` (production) every unset connection is a problem, all in one list.
 */
export function resolveConnections(
  env: Readonly<Record<string, string | undefined>>,
  options: { standins?: "on" | "off"; only?: readonly string[]; known?: readonly Connection[] } = {},
): Resolution {
  const known = options.known ?? connections;
  const wanted = known.filter((connection) => !options.only || options.only.includes(connection.name));
  const problems: string[] = [];
  const resolved = wanted.map((connection): ResolvedConnection => {
    const required = connection.variables.filter((variable) => variable.required);
    const set = required.filter((variable) => env[variable.name]);
    const unset = required.filter((variable) => !env[variable.name]).map((variable) => variable.name);
    if (set.length > 0 && unset.length > 0)
      problems.push(
        `connection ${connection.name} is half configured: ${set.map((variable) => variable.name).join(", ")} set, ${unset.join(", ")} missing. ` +
          "Set all of them for the vendor, or none for the local stand-in.",
      );
    if (set.length === 0 && options.standins === "off")
      problems.push(
        `connection ${connection.name} is not configured and stand-ins are off (KC_STANDINS=off): set ${unset.join(", ")}.`,
      );
    const variables: Record<string, string> = {};
    for (const variable of connection.variables) {
      const value = env[variable.name] || variable.default;
      if (value && (set.length > 0 || env[variable.name] || !endpointDefault(variable.name))) variables[variable.name] = value;
    }
    return { connection, mode: set.length > 0 ? "vendor" : "standin", variables };
  });
  const modes = new Map(resolved.map((entry) => [entry.connection.name, entry.mode]));
  for (const { connection, mode } of resolved)
    for (const target of connection.reaches)
      if (mode === "vendor" && modes.get(target) === "standin")
        problems.push(
          `connection ${connection.name} is the vendor's but must reach ${target}, which is a local stand-in that the vendor cannot reach. ` +
            `Configure ${target} too (${requiredNames(known, target).join(", ")}), or unset ${requiredNames(known, connection.name).join(", ")}.`,
        );
  return { resolved, problems };
}

/** Host, port and URL have defaults that mean the vendor's; a stand-in tells its own. */
const endpointDefault = (name: string): boolean => /_(PORT|ACCESS_URL|DATABASE)$/.test(name);

const requiredNames = (known: readonly Connection[], name: string): string[] =>
  (known.find((connection) => connection.name === name)?.variables ?? [])
    .filter((variable) => variable.required)
    .map((variable) => variable.name);
