import { callerOf, type StepContext, type UpstreamMaterialization } from "./asset.ts";
import { parseAssetKey } from "./asset-key.ts";
import { UserError } from "./errors.ts";
import type { Metadata } from "./metadata.ts";
import type { Resources } from "./resource.ts";
import * as be from "./shape.ts";

/** How bad a failed check is. Only an ERROR can block. */
export type CheckSeverity = "WARN" | "ERROR";

/** A check that the asset's own step reports. */
export interface CheckSpec {
  name: string;
  description?: string;
  /**
   * A failed check of severity ERROR keeps everything downstream in the same run from running; `"everywhere"` also in other
   * runs and other locations, for as long as its latest result is that. Default false.
   */
  blocking?: boolean | "everywhere";
}

export interface CheckResult {
  passed: boolean;
  /** Default ERROR. */
  severity?: CheckSeverity;
  description?: string;
  metadata?: Metadata;
}

/** A number that an asset's materializations carried. */
export interface SeriesPoint {
  /** Instant of the materialization (ms). */
  at: number;
  value: number;
  partition?: string;
}

/** What a check's code gets. */
export interface CheckContext<R = Resources> extends StepContext<R> {
  asset: string;
  /** The latest materialization of the asset: that of this run, when the run makes it. */
  materialization: UpstreamMaterialization;
  /** The instant (ms) as the run's clock has it. */
  now: number;
  /** Values of the metadata that `history` names, of earlier materializations, oldest first. */
  history: readonly SeriesPoint[];
}

/** Numeric metadata of the asset's earlier materializations that a check looks at. */
export interface CheckHistory {
  metadata: string;
  /** How many at most. Default 30, at most 1,000. */
  last?: number;
}

export interface AssetCheckOptions<R extends Resources> extends CheckSpec {
  asset: string | { key: string };
  resources?: R;
  history?: CheckHistory;
  run(context: CheckContext<R>): Promise<CheckResult> | CheckResult;
}

/** A check with code of its own, run after its asset in every run that makes the asset, and alone when it is asked for. */
export interface AssetCheckDefinition {
  readonly kind: "check";
  readonly asset: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly blocking: boolean | "everywhere";
  readonly resources: Resources;
  readonly history: Required<CheckHistory> | undefined;
  readonly run: (context: CheckContext) => Promise<CheckResult>;
  readonly where: string | undefined;
}

/**
 * Defines a check of an asset.
 * @throws UserError when the asset's key, the check's name or its history is wrong.
 */
export function assetCheck<R extends Resources = Record<never, never>>(options: AssetCheckOptions<R>): AssetCheckDefinition {
  be.checkShape("check", checkLabel(options), options, shape);
  const asset = parseAssetKey(typeof options.asset === "string" ? options.asset : options.asset.key);
  checkSpecOf(asset, options);
  const last = options.history?.last ?? 30;
  if (options.history && (!Number.isInteger(last) || last < 1 || last > 1_000))
    throw new UserError(`check "${asset}:${options.name}": history.last must be a whole number from 1 to 1,000`);
  if (options.history && !options.history.metadata)
    throw new UserError(`check "${asset}:${options.name}": history.metadata names no metadata`);
  return {
    kind: "check",
    asset,
    name: options.name,
    description: options.description,
    blocking: options.blocking ?? false,
    resources: options.resources ?? {},
    history: options.history && { metadata: options.history.metadata, last },
    run: async (context) => options.run(context as unknown as CheckContext<R>),
    where: callerOf(new Error().stack),
  };
}

const shape = be.shapeOf<AssetCheckOptions<Resources>>(
  {
    asset: be.either("a key or the asset", be.text, (value) => be.text((value as { key?: unknown }).key)),
    name: be.anything,
    description: be.text,
    blocking: be.anything,
    resources: be.resources,
    history: be.fields({ metadata: be.anything, last: be.anything }),
    run: be.func,
  },
  "asset",
  "run",
);

/** `key:name`, as far as the options say it: messages name a check before it is known to be one. */
export function checkLabel(options: { asset?: unknown; name?: unknown } | undefined): string | undefined {
  const asset = (options?.asset as { key?: unknown } | undefined)?.key ?? options?.asset;
  return typeof asset !== "string" ? undefined : typeof options?.name === "string" ? `${asset}:${options.name}` : asset;
}

/** @throws UserError at a name that could not be typed after a key, or a `blocking` that is none. */
export function checkSpecOf(asset: string, { name, blocking }: CheckSpec): void {
  if (typeof name !== "string" || name.length === 0 || name.length > 512 || /[\s,]/.test(name))
    throw new UserError(`asset "${asset}": check name ${JSON.stringify(name ?? null)} must be text without spaces and commas`);
  if (blocking !== undefined && typeof blocking !== "boolean" && blocking !== "everywhere")
    throw new UserError(`check "${asset}:${name}": blocking must be true, false or "everywhere"`);
}
