import type { AssetsDefinition, StepContext, UpstreamMaterialization } from "../asset.ts";
import type { AssetCheckDefinition, CheckContext, CheckResult, CheckSeverity, SeriesPoint } from "../check.ts";
import type { Clock } from "../clock.ts";
import { UserError } from "../errors.ts";
import { typedMetadata } from "../metadata.ts";
import type { PlannedStep } from "../plan.ts";
import type { Resources } from "../resource.ts";
import { withPartition } from "./partitions.ts";
import { type Emit, makeLogger, type RunInput } from "./step-context.ts";

type Shared = Omit<StepContext, "partition" | "upstream" | "log" | "resources" | "config">;

/**
 * Carries out checks one after the other and reports each; answers the blocking ones that failed with ERROR, as `key:name`.
 * A check that throws fails the step: it has no result.
 */
export async function runChecks(params: {
  step: PlannedStep;
  checks: readonly AssetCheckDefinition[];
  shared: Shared;
  input: RunInput;
  upstream: ReadonlyMap<string, UpstreamMaterialization>;
  resolve(resources: Resources): Promise<Record<string, unknown>>;
  /** For the step's own events, which say which step it was. */
  emit: Emit;
  logs: Emit;
  signal: AbortSignal;
  clock: Clock;
}): Promise<string[]> {
  const { step, input, emit, signal } = params;
  const blocked: string[] = [];
  for (const check of params.checks) {
    signal.throwIfAborted();
    const materialization = latest(params.upstream, check.asset);
    const context = withPartition(step, {
      ...params.shared,
      upstream: [materialization],
      log: makeLogger(params.logs, step.key),
      resources: (await params.resolve(check.resources)) as never,
      config: undefined,
      asset: check.asset,
      materialization,
      now: params.clock.now(),
      history: historyOf(check, input, materialization),
    });
    const result = checkedResult(check, await check.run(context as unknown as CheckContext));
    reportCheck(emit, blocked, { asset: check.asset, name: check.name, blocking: Boolean(check.blocking), ...result });
  }
  return blocked;
}

/** Earlier values only: what is being checked is not its own history. */
function historyOf(check: AssetCheckDefinition, input: RunInput, made: UpstreamMaterialization): readonly SeriesPoint[] {
  if (!check.history) return [];
  const until = made.timestamp === undefined ? Number.POSITIVE_INFINITY : Date.parse(made.timestamp);
  const points = input.series?.[check.asset]?.[check.history.metadata] ?? [];
  return points.filter((point) => point.at < until).slice(-check.history.last);
}

function checkedResult(check: AssetCheckDefinition, result: unknown): CheckResult {
  const passed = (result as Partial<CheckResult> | null | undefined)?.passed;
  if (typeof passed !== "boolean")
    throw new UserError(`check "${check.asset}:${check.name}" handed back no result`, {
      where: check.where,
      hint: "Return { passed: true } or { passed: false, description: … }.",
    });
  return result as CheckResult;
}

export type Checked = {
  asset: string;
  name: string;
  passed: boolean;
  blocking: boolean;
  severity?: CheckSeverity;
  description?: string;
  metadata?: Parameters<typeof typedMetadata>[0];
};

/** Emits a result; a failed blocking one of severity ERROR is added to `blocked`. */
export function reportCheck(emit: Emit, blocked: string[], result: Checked): void {
  const severity = result.severity ?? "ERROR";
  const { name, passed, blocking, description } = result;
  if (severity !== "ERROR" && severity !== "WARN")
    throw new UserError(`check "${result.asset}:${name}": severity "${String(severity)}" is neither WARN nor ERROR`);
  emit({
    type: "check_result",
    asset: result.asset,
    check: { name, passed, severity, blocking, ...(description ? { description } : {}) },
    metadata: typedMetadata(result.metadata),
  });
  if (!passed && blocking && severity === "ERROR") blocked.push(`${result.asset}:${name}`);
}

/** The latest materialization of an asset, as the run knows it. */
export const latest = (upstream: ReadonlyMap<string, UpstreamMaterialization>, key: string): UpstreamMaterialization =>
  upstream.get(key) ?? { key, runId: undefined, timestamp: undefined, metadata: {} };

/** The definition that makes an asset, external ones included. */
export const definitionOf = (assets: readonly AssetsDefinition[], key: string) => {
  for (const one of assets) {
    const spec = one.specs.find((spec) => spec.key === key);
    if (spec) return spec;
  }
  return undefined;
};
