import { callerOf, type StepContext } from "./asset.ts";
import { parseAssetKey } from "./asset-key.ts";
import type { Metadata } from "./metadata.ts";
import type { Resources } from "./resource.ts";

/** How bad a failed check is. Only an ERROR can block. */
export type CheckSeverity = "WARN" | "ERROR";

/** A check that the asset's own step reports. */
export interface CheckSpec {
  name: string;
  description?: string;
  /** A failed check of severity ERROR keeps everything downstream in the same run from running. Default false. */
  blocking?: boolean;
}

export interface CheckResult {
  passed: boolean;
  /** Default ERROR. */
  severity?: CheckSeverity;
  description?: string;
  metadata?: Metadata;
}

export interface AssetCheckOptions<R extends Resources> extends CheckSpec {
  asset: string | { key: string };
  resources?: R;
  run(context: StepContext<R>): Promise<CheckResult> | CheckResult;
}

/** A check with code of its own, run after its asset in every run that makes the asset. */
export interface AssetCheckDefinition {
  readonly kind: "check";
  readonly asset: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly blocking: boolean;
  readonly resources: Resources;
  readonly run: (context: StepContext) => Promise<CheckResult>;
  readonly where: string | undefined;
}

/** Defines a check of an asset. */
export function assetCheck<R extends Resources = Record<never, never>>(options: AssetCheckOptions<R>): AssetCheckDefinition {
  return {
    kind: "check",
    asset: parseAssetKey(typeof options.asset === "string" ? options.asset : options.asset.key),
    name: options.name,
    description: options.description,
    blocking: options.blocking ?? false,
    resources: options.resources ?? {},
    run: async (context) => options.run(context as unknown as StepContext<R>),
    where: callerOf(new Error().stack),
  };
}
