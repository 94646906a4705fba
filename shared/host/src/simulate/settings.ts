import { join } from "node:path";
import type { Pool } from "../client/types.ts";
import { type Environment, rootEnvironment } from "../environment.ts";
import { automationSettings, readInstanceFile, tickSettings } from "../instance-file.ts";
import { poolSettings } from "../runs/pools.ts";
import { retryPolicy } from "../runs/rerun.ts";
import type { SimulateOptions } from "./simulate.ts";

/**
 * What kc.yaml says of runs, pools, ticks and automation, as a simulation takes it.
 * @param limits The pools of the running platform: what was set by command wins over kc.yaml.
 * @throws UserError when kc.yaml is wrong.
 */
export function simulationSettings(
  root: string,
  env: Environment,
  limits: readonly Pick<Pool, "name" | "slots" | "by">[] = [],
): Required<Pick<SimulateOptions, "maxConcurrentRuns" | "tagLimits" | "runRetries" | "pools" | "ticks" | "automation">> {
  const settings = readInstanceFile(join(root, "kc.yaml"), rootEnvironment(root, env));
  const pools = poolSettings(settings.pools);
  const byCommand = limits.flatMap(({ name, slots, by }) =>
    by === "command" && slots !== null ? [[name, { granularity: pools.pools[name]?.granularity, slots }] as const] : [],
  );
  return {
    maxConcurrentRuns: settings.runs.max_concurrent,
    tagLimits: settings.runs.tag_limits,
    runRetries: retryPolicy(settings.runs.retries),
    pools: { ...pools, pools: { ...pools.pools, ...Object.fromEntries(byCommand) } },
    ticks: tickSettings(settings.ticks),
    automation: automationSettings(settings.automation),
  };
}
