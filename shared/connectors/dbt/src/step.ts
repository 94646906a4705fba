import { type Manifest, type RunResults, selectNodes } from "@kc/dbt/artifacts";
import { type MultiAssetContext, type Resource, UserError } from "@kc/runtime";
import { type CloudRun, runStatus } from "./client.ts";
import type { ManifestCache } from "./manifest-cache.ts";
import { reportOf } from "./report.ts";
import type { DbtCloud } from "./resource.ts";
import type { Translation } from "./translator.ts";

export interface StepOptions {
  manifest: Manifest;
  translation: Translation;
  /** The component's own selection, used as it stands when everything is wanted. */
  select: string;
  exclude: string;
  cache: ManifestCache;
}

/** A longer command is not sent: the names are replaced by the whole selection of the component. */
const longestCommand = 30_000;

/**
 * The command that builds exactly the selected assets with the tests that check them. Everything selected: the component's own
 * selection, so that new models of the project run along.
 */
export function buildCommand(selected: readonly string[], { manifest, translation, select, exclude }: StepOptions): string {
  const whole = ["dbt build", ...(select ? [`--select ${select}`] : []), ...(exclude ? [`--exclude ${exclude}`] : [])].join(" ");
  if (selected.length === translation.specs.length) return whole;
  const wanted = new Set(selected);
  const ids = [...translation.keys].filter(([, key]) => wanted.has(key)).map(([id]) => id);
  const tests = [...translation.checks].filter(([, check]) => wanted.has(check.asset)).map(([id]) => id);
  // Tests by name and no others: dbt would bring along those of neighbours, which check assets that are not in this run.
  const names = [...ids, ...tests].map((id) => quoted(`fqn:${manifest.nodes[id]!.fqn.join(".")}`));
  const command = `dbt build --indirect-selection empty --select ${names.join(" ")}`;
  if (command.length > longestCommand)
    throw new UserError(
      `the selection of ${selected.length} of ${translation.specs.length} dbt models is too long for one command`,
      { hint: "Select all models of the project, or fewer." },
    );
  return command;
}

/** A word of a command line: dbt Cloud splits commands as a shell does. */
const quoted = (word: string): string => (/^[\w.:-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** Builds the selected assets in one run of dbt Cloud and reports all it did, also when it failed. */
export async function buildInCloud(context: MultiAssetContext<{ dbt: Resource<DbtCloud> }>, options: StepOptions): Promise<void> {
  const { client, settings, job } = context.resources.dbt;
  const { signal, log } = context;
  const command = buildCommand(context.selected, options);
  const { id: jobId } = await job(signal);
  const timeoutMs = settings.runTimeoutSeconds * 1_000;
  log.info(`dbt Cloud job ${jobId}: ${command}`);
  const triggered = await client.triggerRun(
    jobId,
    { cause: `kc run ${context.run.id}`, steps: [command], timeoutSeconds: Math.ceil(settings.runTimeoutSeconds) },
    signal,
  );
  log.info(`dbt Cloud run ${triggered.id}${triggered.href ? ` ${triggered.href}` : ""}`, { dbt_run_id: triggered.id });
  const run = await client.waitForRun(triggered.id, {
    signal,
    timeoutMs,
    pollMs: settings.pollingInterval * 1_000,
    onLog: (line) => log.info(line),
  });
  const failures = await report(context, run, options);
  if (run.status === runStatus.success) return;
  const reason = failures.length > 0 ? failures.join("\n  ") : (run.status_message ?? "it gives no reason");
  throw new UserError(
    `dbt Cloud run ${run.id} ended ${run.status === runStatus.cancelled ? "cancelled" : "with errors"}:\n  ${reason}`,
    { hint: run.href ? `Its logs: ${run.href}` : undefined },
  );
}

async function report(
  context: MultiAssetContext<{ dbt: Resource<DbtCloud> }>,
  run: CloudRun,
  options: StepOptions,
): Promise<string[]> {
  const { client } = context.resources.dbt;
  const results = await client.lateArtifact<RunResults>(run, "run_results.json", context.signal);
  if (!results) {
    if (run.status === runStatus.success)
      throw new UserError(`dbt Cloud run ${run.id} succeeded but left no run_results.json`, {
        hint: "Does the job's command run dbt at all?",
      });
    return [];
  }
  const manifest = (await client.lateArtifact<Manifest>(run, "manifest.json", context.signal)) ?? options.manifest;
  await options.cache
    .learn(manifest)
    .catch((error: unknown) => context.log.warn(`the manifest cache was not written: ${(error as Error).message}`));
  const { materializations, checks, failures, unknown } = reportOf(run, results, manifest, options.translation);
  const selected = new Set(context.selected);
  for (const { key, metadata } of materializations) if (selected.has(key)) context.materialized(key, { metadata });
  for (const check of checks) if (selected.has(check.asset)) context.checked(check);
  for (const id of unknown)
    context.log.warn(`${id} ran but is not among the loaded assets and checks: reload the location`, { unique_id: id });
  return failures;
}

/** Unique ids that the component's selection names; the component's assets are the models among them. */
export const selectedIds = (manifest: Manifest, select: string, exclude: string): string[] =>
  selectNodes(manifest, { select: select ? [select] : undefined, exclude: exclude ? [exclude] : undefined });
