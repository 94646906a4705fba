import {
  type AssetCheckDefinition,
  assetCheck,
  type CheckContext,
  type CheckHistory,
  type CheckResult,
  type CheckSeverity,
  checkLabel,
} from "../check.ts";
import { UserError } from "../errors.ts";
import * as be from "../shape.ts";
import type { SqlSource, TableOptions } from "./sql-source.ts";

/** What every check that a factory makes may be given. */
export interface FactoryOptions {
  asset: string | { key: string };
  /** Default: what it looks at, as in `not_null_email`. */
  name?: string;
  description?: string;
  blocking?: boolean | "everywhere";
  /** Of a failure. Default ERROR. */
  severity?: CheckSeverity;
}

const severity: be.Rule = (value) => (value === "WARN" || value === "ERROR" ? undefined : ' must be "WARN" or "ERROR"');
const common = {
  asset: be.anything,
  name: be.text,
  description: be.text,
  blocking: be.anything,
  severity,
} satisfies Record<keyof FactoryOptions, be.Rule>;

/** Rules of the options that say where a table stands. What they hold is checked with the table itself. */
export const tableRules: Record<keyof TableOptions, be.Rule> = { source: be.resource, table: be.anything, where: be.text };

/** The shape of a factory's options: what every factory may be given, and its own. */
export const factoryShape = (own: Record<string, be.Rule>, ...needs: string[]): be.Shape =>
  be.shapeOf<Record<string, unknown>>({ ...common, ...own }, "asset", ...needs);

/** @throws UserError at an option that the factory does not have, or that it lacks. */
export const checkOptions = (factory: string, options: FactoryOptions, shape: be.Shape): void =>
  be.checkShape(factory, checkLabel(options), options, shape);

/** The name of a check as messages write it. */
export const labelOf = ({ asset }: FactoryOptions, name: string): string =>
  `${typeof asset === "string" ? asset : asset.key}:${name}`;

const asName = (text: string): string => text.replace(/[^\w.-]+/g, "_");

/** A check with the factory's name where the team gave none, and the severity that the team wants of a failure. */
export function madeCheck(
  options: FactoryOptions,
  name: string,
  description: string,
  look: {
    source?: TableOptions["source"] | undefined;
    history?: CheckHistory;
    run(context: CheckContext<{ source: never }>, source: SqlSource): Promise<CheckResult> | CheckResult;
  },
): AssetCheckDefinition {
  return assetCheck({
    asset: options.asset,
    name: asName(options.name ?? name),
    description: options.description ?? description,
    ...(options.blocking === undefined ? {} : { blocking: options.blocking }),
    ...(look.source ? { resources: { source: look.source } } : {}),
    ...(look.history ? { history: look.history } : {}),
    async run(context) {
      const source = (context.resources as { source?: SqlSource }).source;
      const result = await look.run(context as never, source as SqlSource);
      return { severity: options.severity ?? "ERROR", ...result };
    },
  });
}

export interface Bounds {
  min?: number;
  max?: number;
}

/** @throws UserError when there is no bound, one is no number, or they cross. */
export function checkBounds(check: string, { min, max }: Bounds): void {
  if (min === undefined && max === undefined) throw new UserError(`check "${check}" has neither min nor max`);
  for (const value of [min, max])
    if (value !== undefined && !Number.isFinite(value)) throw new UserError(`check "${check}": ${String(value)} is no bound`);
  if (min !== undefined && max !== undefined && min > max) throw new UserError(`check "${check}": min ${min} is over max ${max}`);
}

export const boundsText = ({ min, max }: Bounds): string =>
  min === undefined ? `at most ${max}` : max === undefined ? `at least ${min}` : `from ${min} to ${max}`;

export const within = (value: number, { min, max }: Bounds): boolean =>
  !Number.isNaN(value) && (min === undefined || value >= min) && (max === undefined || value <= max);

/** A number of the latest materialization's metadata; a result that says that it is missing otherwise. */
export function numberOf(context: CheckContext<never>, name: string): number | CheckResult {
  const value = context.materialization.metadata[name];
  if (typeof value === "number") return value;
  return {
    passed: false,
    description:
      context.materialization.timestamp === undefined
        ? "it was never materialized"
        : `its latest materialization carries no number "${name}"`,
  };
}
