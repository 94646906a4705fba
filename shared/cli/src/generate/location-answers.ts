import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { connections as known } from "@kc/connections";
import { findLocations, readAssetKeys } from "@kc/host/workspace";

const longest = 40;

/** What is wrong with a name for a new location; undefined when it can be had. */
export function locationNameProblem(root: string, name: string): string | undefined {
  const asSnake = name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/ß/g, "ss")
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[_0-9]+|_+$/g, "");
  const better = asSnake && asSnake !== name && asSnake.length <= longest ? ` Try "${asSnake}".` : "";
  if (name === "") return "a location needs a name";
  if (/[/\\]|^\.+$/.test(name)) return `"${name}" is a path; a location has a plain name.${better}`;
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name))
    return `"${name}" is not snake_case (letters, digits and single "_", a letter first).${better}`;
  if (name.length > longest) return `"${name}" has ${name.length} characters; at most ${longest} fit`;
  if (/^(con|prn|aux|nul|com\d|lpt\d)$/.test(name)) return `"${name}" cannot be a folder on Windows`;
  const { locations, problems } = findLocations(root);
  const taken = locations.find((one) => one.name === name) ?? problems.find((one) => one.name === name);
  if (taken) return `there already is a location "${name}" (${taken.where})`;
  if (listed(root, "locations").some((one) => one.toLowerCase() === name)) return `the folder locations/${name} already exists`;
  if ([...listed(root, "shared"), ...listed(root, "shared/connectors"), ...listed(root, "shared/standins")].includes(name))
    return `"${name}" is a package of shared/: commands that take a name would not know which is meant`;
  const claimed = locations.find((one) => readAssetKeys(one)?.assets.some((key) => key.startsWith(`${name}/`)));
  if (claimed) return `location "${claimed.name}" already has assets below "${name}/"`;
  return undefined;
}

/** A team as it is typed: `@finance`, `team:finance` and `finance` are the same. */
export const teamName = (typed: string): string => typed.trim().replace(/^(@|team:)/, "");

export function teamProblem(team: string): string | undefined {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/.test(team)) return undefined;
  if (/^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$/.test(team) && team.length <= 80) return undefined;
  return `"${team}" is neither a team's name (letters, digits, ".", "-", "_", at most 40) nor an e-mail address`;
}

export function descriptionProblem(description: string): string | undefined {
  if (description.trim() === "") return "a location needs a description";
  if (/\p{Cc}/u.test(description)) return "a description is one line of text";
  return description.length > 200 ? `the description has ${description.length} characters; at most 200 fit` : undefined;
}

/** The package through which a location uses a connection, and what it imports from it. */
const connectors: Record<string, { package: string; use: string }> = {
  local_postgres: { package: "@kc/connector-postgres", use: "postgres" },
  databricks: { package: "@kc/connector-databricks", use: "databricksSql" },
  dbt_cloud: { package: "@kc/connector-dbt", use: "dbtCloud" },
};

/** The connections a location can be generated with. */
export const connectionChoices: string[] = known.map((one) => one.name).filter((name) => name in connectors);

/** A list as it is typed: `a,b`. Each once, in the order in which they start. */
export function connectionList(typed: string | readonly string[]): string[] {
  const names = (typeof typed === "string" ? typed.split(",") : typed).map((name) => name.trim()).filter(Boolean);
  return [...new Set(names)].sort((a, b) => connectionChoices.indexOf(a) - connectionChoices.indexOf(b));
}

export function connectionsProblem(names: readonly string[]): string | undefined {
  const unknown = names.find((name) => !connectionChoices.includes(name));
  return unknown === undefined ? undefined : `there is no connection "${unknown}"; there are ${connectionChoices.join(", ")}`;
}

/** What the templates of a location may name, from the answers alone. */
export function locationValues(answers: Record<string, string | string[]>): Record<string, unknown> {
  const names = connectionList(answers.connections ?? []);
  const team = String(answers.team);
  const used = known.filter((one) => names.includes(one.name));
  return {
    ...answers,
    connections: names,
    owner: team.includes("@") ? team : `team:${team}`,
    connectors: used
      .map((one) => ({ connection: one.name, ...connectors[one.name]! }))
      .sort((a, b) => (a.package < b.package ? -1 : 1)),
    variables: used.map((one) => ({
      title: one.title,
      variables: one.variables.map((variable) => ({ default: "", ...variable })),
    })),
  };
}

function listed(root: string, folder: string): string[] {
  return existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : [];
}
