import type { AssetCheckDefinition } from "../check.ts";
import { type Duration, durationMs, formatDuration } from "../duration.ts";
import * as be from "../shape.ts";
import { checkOptions, type FactoryOptions, factoryShape, labelOf, madeCheck, tableRules } from "./factory.ts";
import { columnNames, fromClause, quoted, readRows, type TableOptions, tableParts } from "./sql-source.ts";

const shape = factoryShape({ ...tableRules, column: be.text, maxAge: be.anything }, "maxAge");

/**
 * The newest value of a column of times, or the latest materialization where no column is named, is not older than `maxAge`.
 * Times without a zone count as UTC. A freshness policy says the same of materializations without a run.
 */
export function freshnessCheck(
  options: FactoryOptions & { maxAge: Duration } & ((TableOptions & { column: string }) | { source?: never; column?: never }),
): AssetCheckDefinition {
  checkOptions("freshnessCheck", options, shape);
  const label = labelOf(options, options.name ?? "freshness");
  const maxAge = durationMs(options.maxAge, `check "${label}": maxAge`);
  const { source } = options;
  if (source) {
    columnNames(label, options.column);
    tableParts(label, options.table);
  }
  return madeCheck(options, "freshness", `It is at most ${options.maxAge} old`, {
    source,
    async run({ signal, materialization, now }, sql) {
      const newest = source
        ? timeOf(
            (
              await readRows(sql, `select max(${quoted(sql, options.column)}) as t${fromClause(sql, label, options)}`, signal)
            )[0]?.[0],
          )
        : timeOf(materialization.timestamp);
      if (newest === undefined)
        return { passed: false, description: source ? `no row has a ${options.column}` : "it was never materialized" };
      const age = now - newest;
      const passed = age <= maxAge;
      return {
        passed,
        metadata: { newest: { type: "timestamp", value: new Date(newest).toISOString() }, age_seconds: Math.round(age / 1_000) },
        ...(passed ? {} : { description: `it is ${formatDuration(age)} old, over ${options.maxAge}` }),
      };
    },
  });
}

/** Databases write `2026-01-02 03:04:05.678+00`, with or without a zone, and dates alone. */
export function timeOf(value: unknown): number | undefined {
  if (value instanceof Date) return value.getTime();
  if (typeof value !== "string") return undefined;
  const match = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?))?\s*(Z|[+-]\d\d(?::?\d\d)?)?$/.exec(value.trim());
  if (!match) return undefined;
  const [, day, time = "00:00:00", zone = "Z"] = match;
  const offset =
    zone === "Z" ? "Z" : zone.length === 3 ? `${zone}:00` : zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
  const at = Date.parse(`${day}T${time}${offset}`);
  return Number.isNaN(at) ? undefined : at;
}
