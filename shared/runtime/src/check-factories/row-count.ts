import type { AssetCheckDefinition } from "../check.ts";
import * as be from "../shape.ts";
import {
  type Bounds,
  boundsText,
  checkBounds,
  checkOptions,
  type FactoryOptions,
  factoryShape,
  labelOf,
  madeCheck,
  numberOf,
  tableRules,
  within,
} from "./factory.ts";
import { fromClause, readNumbers, type TableOptions, tableParts } from "./sql-source.ts";

const bounds = { min: be.anything, max: be.anything, metadata: be.text };
const shape = factoryShape({ ...tableRules, ...bounds });
const rangeShape = factoryShape(bounds, "metadata");

/** The number of rows lies within the bounds: counted in the table, or as `metadata` (default `row_count`) of the materialization says. */
export function rowCountCheck(
  options: FactoryOptions & Bounds & (TableOptions | { source?: never; metadata?: string }),
): AssetCheckDefinition {
  checkOptions("rowCountCheck", options, shape);
  const label = labelOf(options, options.name ?? "row_count");
  checkBounds(label, options);
  const { source } = options;
  if (source) tableParts(label, options.table);
  const metadata = source ? undefined : (options.metadata ?? "row_count");
  return madeCheck(options, "row_count", `It has ${boundsText(options)} rows`, {
    source,
    async run(context, sql) {
      const rows = source
        ? (await readNumbers(sql, `select count(*) as n${fromClause(sql, label, options)}`, context.signal))[0]!
        : numberOf(context as never, metadata!);
      if (typeof rows !== "number") return rows;
      const passed = within(rows, options);
      return {
        passed,
        metadata: { row_count: rows },
        ...(passed ? {} : { description: `it has ${rows} rows, not ${boundsText(options)}` }),
      };
    },
  });
}

/** A number of the materialization's metadata lies within the bounds. */
export function rangeCheck(options: FactoryOptions & Bounds & { metadata: string }): AssetCheckDefinition {
  checkOptions("rangeCheck", options, rangeShape);
  const label = labelOf(options, options.name ?? `range_${options.metadata}`);
  checkBounds(label, options);
  return madeCheck(options, `range_${options.metadata}`, `${options.metadata} is ${boundsText(options)}`, {
    run(context) {
      const value = numberOf(context as never, options.metadata);
      if (typeof value !== "number") return value;
      const passed = within(value, options);
      return {
        passed,
        metadata: { [options.metadata]: value },
        ...(passed ? {} : { description: `${options.metadata} is ${value}, not ${boundsText(options)}` }),
      };
    },
  });
}
