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
  tableRules,
} from "./factory.ts";
import { columnNames, fromClause, quoted, readNumbers, type TableOptions, tableParts } from "./sql-source.ts";

// Checks of a table's columns: one statement each that reads the table once.

type ColumnOptions = FactoryOptions & TableOptions;

const shape = factoryShape({ ...tableRules, column: be.anything }, "source");
const rangeShape = factoryShape({ ...tableRules, column: be.anything, min: be.anything, max: be.anything }, "source");

/** No row lacks a value in any of the columns. */
export function notNullCheck(options: ColumnOptions & { column: string | readonly string[] }): AssetCheckDefinition {
  checkOptions("notNullCheck", options, shape);
  const name = `not_null_${[options.column].flat().join("_")}`;
  const label = labelOf(options, name);
  const columns = columnNames(label, options.column);
  tableParts(label, options.table);
  return madeCheck(options, name, `No row lacks ${columns.join(", ")}`, {
    source: options.source,
    async run({ signal }, source) {
      const sums = columns.map((one) => `count(*) - count(${quoted(source, one)})`);
      const [rows, ...missing] = await readNumbers(
        source,
        `select count(*) as n, ${sums.map((sum, at) => `${sum} as c${at}`).join(", ")}${fromClause(source, label, options)}`,
        signal,
      );
      const bad = columns.map((column, at) => ({ column, count: missing[at]! })).filter(({ count }) => count !== 0);
      return {
        passed: bad.length === 0,
        metadata: { rows, ...Object.fromEntries(bad.map(({ column, count }) => [`null_${column}`, count])) },
        ...(bad.length > 0
          ? { description: bad.map(({ column, count }) => `${count} of ${rows} rows have no ${column}`).join("; ") }
          : {}),
      };
    },
  });
}

/** No two rows have the same values in the columns together. A row without a value in one of them is the same as no other. */
export function uniqueCheck(options: ColumnOptions & { column: string | readonly string[] }): AssetCheckDefinition {
  checkOptions("uniqueCheck", options, shape);
  const name = `unique_${[options.column].flat().join("_")}`;
  const label = labelOf(options, name);
  const columns = columnNames(label, options.column);
  tableParts(label, options.table);
  return madeCheck(options, name, `No two rows have the same ${columns.join(", ")}`, {
    source: options.source,
    async run({ signal }, source) {
      const list = columns.map((one) => quoted(source, one));
      const present = list.map((one) => `${one} is not null`).join(" and ");
      const where = options.where ? `(${options.where}) and ${present}` : present;
      const from = fromClause(source, label, { table: options.table, where });
      const [groups, surplus] = await readNumbers(
        source,
        `select count(*) as n, coalesce(sum(k - 1), 0) as s from (select count(*) as k${from} group by ${list.join(", ")} having count(*) > 1) as twice`,
        signal,
      );
      return {
        passed: groups === 0,
        metadata: { duplicated_values: groups, surplus_rows: surplus },
        ...(groups === 0 ? {} : { description: `${groups} values of ${columns.join(", ")} stand in more than one row` }),
      };
    },
  });
}

/** Every value of the column lies within the bounds; rows without a value are left out. */
export function columnRangeCheck(options: ColumnOptions & Bounds & { column: string }): AssetCheckDefinition {
  checkOptions("columnRangeCheck", options, rangeShape);
  const name = `range_${options.column}`;
  const label = labelOf(options, name);
  columnNames(label, options.column);
  tableParts(label, options.table);
  checkBounds(label, options);
  const { min, max, column } = options;
  return madeCheck(options, name, `Every ${column} is ${boundsText(options)}`, {
    source: options.source,
    async run({ signal }, source) {
      const one = quoted(source, column);
      const outside = [...(min === undefined ? [] : [`${one} < ${min}`]), ...(max === undefined ? [] : [`${one} > ${max}`])];
      const [count, least, most] = await readNumbers(
        source,
        `select coalesce(sum(case when ${outside.join(" or ")} then 1 else 0 end), 0) as n, min(${one}) as a, max(${one}) as b${fromClause(source, label, options)}`,
        signal,
      );
      const found = Number.isNaN(least!) ? {} : { least, most };
      return {
        passed: count === 0,
        metadata: { outside: count, ...found },
        ...(count === 0 ? {} : { description: `${count} rows have a ${column} that is not ${boundsText(options)}` }),
      };
    },
  });
}
