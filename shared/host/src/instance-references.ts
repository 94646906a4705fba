import { existsSync } from "node:fs";
import { didYouMean } from "@kc/runtime/internal";
import { ruleProblems } from "./alerts/rule-problems.ts";
import { rulesOf } from "./alerts/rules.ts";
import { type InstanceFileProblem, type InstanceSettings, inspectInstanceFile } from "./instance-file.ts";
import { type Definitions, isComplete } from "./locations/definitions.ts";
import { poolSettings } from "./runs/pools.ts";
import { readYamlFile } from "./yaml-file.ts";

export { definitionsOf } from "./locations/definitions.ts";

/** A name in kc.yaml that the definitions do not have, with its place `file:line`. */
export type ReferenceProblem = InstanceFileProblem & { severity: "error" | "warning" };

/**
 * What kc.yaml names and no location defines: alert rules that can tell nothing, limits and pools of nothing. Of a file that
 * does not parse nothing is said: `inspectInstanceFile` says why.
 */
export function inspectReferences(
  file: string,
  env: Readonly<Record<string, string | undefined>>,
  definitions: Definitions,
): ReferenceProblem[] {
  const { settings } = inspectInstanceFile(file, env);
  if (!settings || !existsSync(file)) return [];
  const { place } = readYamlFile(file);
  return [...ofAlerts(settings, definitions), ...ofTagLimits(settings, definitions), ...ofPools(settings, definitions)].map(
    ({ path, message, severity }) => ({ message: `${path.join(".")}: ${message}`, where: place(path), severity }),
  );
}

interface Finding {
  path: (string | number)[];
  message: string;
  severity: ReferenceProblem["severity"];
}

function ofAlerts({ alerts }: InstanceSettings, definitions: Definitions): Finding[] {
  const rules = rulesOf(alerts).slice(0, alerts.rules.length);
  const used = new Set(rules.flatMap((rule) => rule.channels));
  const owners = [...definitions.graph.assets.values()].flatMap((node) => node.owners);
  const teams = owners.filter((owner) => owner.startsWith("team:")).map((owner) => owner.slice(5));
  return [
    ...rules.flatMap((rule, index) =>
      ruleProblems(rule, alerts.teams, definitions).map((one) => ({ ...one, path: ["alerts", "rules", index, ...one.path] })),
    ),
    ...Object.keys(alerts.channels)
      .filter((name) => !used.has(name))
      .map((name) => warning(["alerts", "channels", name], "no rule tells anything on this channel")),
    ...Object.keys(alerts.teams)
      .filter((name) => isComplete(definitions) && !teams.includes(name))
      .map((name) =>
        warning(["alerts", "teams", name], `no asset has the owner "team:${name}".${didYouMean(name, new Set(teams))}`),
      ),
  ];
}

/** Limits of runs with a tag that kc itself gives: one that names nothing holds nothing back. */
function ofTagLimits({ runs }: InstanceSettings, definitions: Definitions): Finding[] {
  const { locations, names } = definitions;
  const defined = (what: "jobs" | "schedules" | "sensors") =>
    isComplete(definitions) ? new Set(locations.flatMap((location) => location[what].map((one) => one.name))) : undefined;
  const known: Record<string, { what: string; names: Iterable<string> | undefined }> = {
    "kc/location": { what: "location", names },
    "kc/job": { what: "job", names: defined("jobs") },
    "kc/schedule": { what: "schedule", names: defined("schedules") },
    "kc/sensor": { what: "sensor", names: defined("sensors") },
  };
  return runs.tag_limits.flatMap(({ key, value }, index): Finding[] => {
    const { what, names } = known[key] ?? {};
    if (typeof value !== "string" || !names || [...names].includes(value)) return [];
    const message = `there is no ${what} "${value}".${didYouMean(value, names)}`;
    return [{ path: ["runs", "tag_limits", index, "value"], message, severity: "error" }];
  });
}

function ofPools(settings: InstanceSettings, definitions: Definitions): Finding[] {
  if (!isComplete(definitions)) return [];
  const used = new Set([...definitions.graph.assets.values()].flatMap((node) => node.pool?.name ?? []));
  return Object.keys(poolSettings(settings.pools).pools)
    .filter((name) => !used.has(name))
    .map((name) => warning(["pools", name], `no step uses a pool of this name.${didYouMean(name, used)}`));
}

const warning = (path: Finding["path"], message: string): Finding => ({ path, message, severity: "warning" });
