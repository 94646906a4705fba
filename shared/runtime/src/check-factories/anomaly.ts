import type { AssetCheckDefinition } from "../check.ts";
import { UserError } from "../errors.ts";
import * as be from "../shape.ts";
import { checkOptions, type FactoryOptions, factoryShape, labelOf, madeCheck, numberOf } from "./factory.ts";

export interface AnomalyOptions {
  /** Robust z-score from which a value is an anomaly. Default 3.5. */
  threshold?: number;
  /** Values that history must have before anything is an anomaly. Default 5. */
  least?: number;
  /** Compare only with every n-th earlier value: 7 for a daily asset that follows the week. Default 1. */
  season?: number;
  /** The least spread that history counts as having, as a share of its median. Default 0.01. */
  tolerance?: number;
}

export interface Anomaly {
  anomaly: boolean;
  /** Undefined while history has too few values. */
  score: number | undefined;
  median: number | undefined;
  /** How many earlier values it was compared with. */
  compared: number;
}

/**
 * Whether a value stands out of those before it: by its distance from their median in units of their spread, which is the
 * median absolute deviation (times 1.4826, so that it means standard deviations) and, where over half of the values are the
 * same, the mean one (times 1.2533). A few earlier anomalies do not hide a new one. Pure.
 * @param history Oldest first.
 */
export function anomalyOf(history: readonly number[], value: number, options: AnomalyOptions = {}): Anomaly {
  const { threshold = 3.5, least = 5, season = 1, tolerance = 0.01 } = options;
  const compared = history.filter((_, at) => (history.length - at) % season === 0);
  if (compared.length < least) return { anomaly: false, score: undefined, median: undefined, compared: compared.length };
  const median = medianOf(compared);
  const deviations = compared.map((one) => Math.abs(one - median));
  const mad = 1.4826 * medianOf(deviations);
  const mean = (1.2533 * deviations.reduce((sum, one) => sum + one, 0)) / deviations.length;
  const spread = Math.max(mad > 0 ? mad : mean, tolerance * Math.abs(median));
  const distance = Math.abs(value - median);
  const score = distance === 0 ? 0 : spread > 0 ? distance / spread : Number.POSITIVE_INFINITY;
  return { anomaly: score >= threshold, score, median, compared: compared.length };
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const shape = factoryShape({
  metadata: be.text,
  last: be.number,
  threshold: be.number,
  least: be.number,
  season: be.number,
  tolerance: be.number,
});

/** A number of the materialization's metadata (default `row_count`) does not stand out of the last ones. */
export function anomalyCheck(
  options: FactoryOptions & AnomalyOptions & { metadata?: string /** Default 30. */; last?: number },
): AssetCheckDefinition {
  checkOptions("anomalyCheck", options, shape);
  const { metadata = "row_count", last = 30, threshold = 3.5, least = 5, season = 1, tolerance = 0.01 } = options;
  const label = labelOf(options, options.name ?? `anomaly_${metadata}`);
  if (!(threshold > 0)) throw new UserError(`check "${label}": threshold must be over 0`);
  if (!(tolerance >= 0)) throw new UserError(`check "${label}": tolerance must be from 0`);
  if (!Number.isInteger(season) || season < 1) throw new UserError(`check "${label}": season must be a whole number from 1`);
  if (!Number.isInteger(least) || least < 2) throw new UserError(`check "${label}": least must be a whole number from 2`);
  if (last < least * season)
    throw new UserError(`check "${label}": of the last ${last} values fewer than ${least} are compared, so it could never fail`, {
      hint: `Let last be at least ${least * season}.`,
    });
  return madeCheck(options, `anomaly_${metadata}`, `${metadata} does not stand out of the last ${last} materializations`, {
    history: { metadata, last },
    run(context) {
      const value = numberOf(context as never, metadata);
      if (typeof value !== "number") return value;
      const series = context.history.map((point) => point.value);
      const found = anomalyOf(series, value, { threshold, least, season, tolerance });
      if (found.score === undefined)
        return {
          passed: true,
          description: `too little history: ${found.compared} of ${least} values`,
          metadata: { [metadata]: value },
        };
      return {
        passed: !found.anomaly,
        metadata: { [metadata]: value, median: found.median!, score: Number.isFinite(found.score) ? found.score : null },
        ...(found.anomaly
          ? { description: `${metadata} is ${value}; the last ${found.compared} were around ${found.median}` }
          : {}),
      };
    },
  });
}
