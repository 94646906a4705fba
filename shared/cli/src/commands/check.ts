import { type Command, type CommandContext, jsonOption } from "../command.ts";
import { changedInstanceFile, withHost } from "../host.ts";
import { instanceFileProblems, referenceProblems } from "../instance-file.ts";
import { knownLocations } from "../locations.ts";
import { listPackages, packageName } from "../packages.ts";
import { taskLines, turboQuiet } from "../turbo.ts";

export const command: Command = {
  summary:
    "Check what no single team can see: kc.yaml and its alert rules, every location loads, every edge of the lineage is right, every type fits.",
  usage: "[locations…] [--no-types]",
  options: {
    ...jsonOption,
    "no-types": { type: "boolean", description: "Leave the type checks out" },
  },
  examples: [
    ["kc check", "before a push"],
    ["kc check ingestion", "one team's definitions, what is wrong between it and others, and its types"],
    ["kc check --no-types", "definitions and lineage only"],
  ],
  async run({ values, positionals, context }) {
    const wanted = new Set(
      await knownLocations(context, positionals.length > 0 ? positionals : context.location ? [context.location] : []),
    );
    const settings = await instanceFileProblems(context);
    const findings: Findings = await definitions(context, wanted).catch((error: Error & { where?: string }) => {
      if (settings.length === 0 || error.name !== "UserError") throw error;
      // The platform does not start with such a kc.yaml, unless it runs since before: the definitions stay unknown.
      return {
        errors: ["the definitions are not checked: the platform does not start with this kc.yaml"],
        warnings: [],
        locations: 0,
      };
    });
    findings.errors.unshift(
      ...settings.map(({ where, message, hint }) => `${where}: ${message}${hint ? `\n      ${hint}` : ""}`),
    );
    const changed = changedInstanceFile(context);
    if (changed) findings.warnings.push(changed);
    if (!values.json) {
      for (const error of findings.errors) context.print(`  ✗ ${error}`);
      for (const warning of findings.warnings) context.print(`  ! ${warning}`);
      if (findings.errors.length === 0)
        context.print(
          `  ✓ ${wanted.size > 0 ? [...wanted].join(", ") : `${findings.locations} locations`}: definitions load and their lineage fits`,
        );
    }
    const wrong = values["no-types"] ? [] : await typeErrors(context, wanted);
    if (values.json)
      context.print(JSON.stringify({ errors: [...findings.errors, ...wrong], warnings: findings.warnings }, null, 2));
    else if (wrong.length > 0) for (const line of wrong) context.print(`  ✗ ${line}`);
    else if (!values["no-types"])
      context.print(`  ✓ types fit ${wanted.size > 0 ? `in ${[...wanted].join(", ")}` : "in every package"}`);
    return findings.errors.length === 0 && wrong.length === 0 ? 0 : 1;
  },
};

/** What the type checks of all packages say, as `package:check: file(line,column): error`; empty when all fit. */
async function typeErrors(context: CommandContext, wanted: ReadonlySet<string>): Promise<string[]> {
  const packages = wanted.size > 0 ? listPackages(context.root) : [];
  const filters = [...wanted].map((name) => `--filter=${packageName(packages, name)}`);
  const { code, output } = await turboQuiet(context, ["run", "check", "--continue", "--output-logs=errors-only", ...filters]);
  if (code === 0) return [];
  const lines = taskLines(output);
  return lines.length > 0 ? lines : output.split("\n").filter((line) => line.trim() !== "");
}

interface Findings {
  errors: string[];
  warnings: string[];
  locations: number;
}

/** What the locations say after they were loaded anew: all of them, or those that are wanted. */
const definitions = (context: CommandContext, wanted: ReadonlySet<string>): Promise<Findings> =>
  withHost(context, async ({ api }) => {
    const is = (name: string) => wanted.size === 0 || wanted.has(name);
    const locations = (await api.settled()).locations.filter((one) => is(one.name));
    for (const { name } of locations) await api.reload(name);
    const settled = await api.settled();
    const fresh = {
      locations: settled.locations.filter((one) => is(one.name)),
      problems: settled.problems.filter((one) => one.locations.some(is)),
    };
    const broken = fresh.locations
      .filter((one) => one.error)
      .map(
        (one) =>
          `location ${one.name}: ${one.error!.where ? `${one.error!.where}: ` : ""}${one.error!.message}${one.error!.hint ? `\n      ${one.error!.hint}` : ""}`,
      );
    const drift = await keyDrift(
      context.root,
      new Set(fresh.locations.filter((one) => one.status === "loaded").map((one) => one.name)),
      await api.assets(),
    );
    const warnings = fresh.locations.flatMap((one) => one.warnings.map((warning) => `${one.name}: ${warning}`));
    const references = await referenceProblems(context, api);
    const told = (severity: "error" | "warning") =>
      references.filter((one) => one.severity === severity).map(({ where, message }) => `${where}: ${message}`);
    return {
      errors: [...told("error"), ...broken, ...fresh.problems.map((one) => one.message), ...drift],
      warnings: [...told("warning"), ...warnings],
      locations: locations.length,
    };
  });

/** Committed asset keys that differ from what loads: written by kc on a machine, an error where nothing is written (CI). */
async function keyDrift(
  root: string,
  loaded: ReadonlySet<string>,
  assets: readonly { key: string; location: string }[],
): Promise<string[]> {
  const { findLocations, readAssetKeys } = await import("@kc/host/workspace");
  return findLocations(root)
    .locations.filter((entry) => loaded.has(entry.name))
    .flatMap((entry) => {
      const keys = assets
        .filter((asset) => asset.location === entry.name)
        .map((asset) => asset.key)
        .sort();
      const committed = readAssetKeys(entry)?.assets ?? [];
      return JSON.stringify(keys) === JSON.stringify(committed)
        ? []
        : [
            `locations/${entry.name}/asset-keys.json is not what the location defines: run kc check on your machine and commit the file`,
          ];
    });
}
