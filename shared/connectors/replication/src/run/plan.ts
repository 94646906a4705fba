import { createHash } from "node:crypto";
import { UserError } from "@kc/runtime";
import type { StreamSpec } from "../language/parse.ts";
import { selectColumns } from "../language/select.ts";
import type { LoadPlan } from "../load/load.ts";
import { type Casing, columnName } from "../types/column-name.ts";
import { type Column, type ColumnType, parseType } from "../types/column-type.ts";

/** Types the author fixed under `columns:`. */
export function fixedTypes(stream: StreamSpec): Map<string, ColumnType> {
  return new Map(Object.entries(stream.settings.columns ?? {}).map(([name, type]) => [name, parseType(type, stream.at)]));
}

/** The plan of a load: the stream's settings against the columns that the source really has. */
export function loadPlan(stream: StreamSpec, name: string, target: string, columns: readonly Column[]): LoadPlan {
  const { settings } = stream;
  const known = columns.map((column) => column.name);
  const casing: Casing = settings.target_options?.column_casing ?? "normalize";
  // Authors write names as the source spells them; the columns already have their names in the target.
  const own = (name: string): string =>
    known.includes(name) ? name : known.includes(columnName(name, casing)) ? columnName(name, casing) : name;
  const select = settings.select
    ? selectColumns(
        settings.select.map((item) =>
          /[*?]|\sas\s/i.test(item) ? item : item.startsWith("-") ? `-${own(item.slice(1).trim())}` : own(item),
        ),
        known,
        stream.at,
      )
    : undefined;
  const transforms = settings.transforms
    ? new Map(Object.entries(settings.transforms).map(([column, names]) => [column === "*" ? column : own(column), names]))
    : undefined;
  for (const column of transforms?.keys() ?? [])
    if (column !== "*" && !known.includes(column))
      throw new UserError(`transforms name "${column}", which is no column`, {
        where: stream.at,
        hint: `Columns: ${known.join(", ")}.`,
      });
  const fixed = new Set(Object.keys(settings.columns ?? {}).map((column) => (column === "*" ? column : own(column))));
  const target_options = settings.target_options ?? {};
  return {
    stream: name,
    mode: settings.mode ?? "full-refresh",
    select,
    primaryKey: (settings.primary_key ?? []).map(own),
    updateKey: settings.update_key && own(settings.update_key),
    range: settings.source_options?.range?.split(",").map((part) => part.trim()) as [string, string] | undefined,
    transforms,
    mergeStrategy: target_options.merge_strategy,
    deleteMissing: target_options.delete_missing,
    addNewColumns: target_options.add_new_columns,
    adjustColumnType: target_options.adjust_column_type,
    fixedTypes: fixed.has("*") ? new Set(known) : fixed,
    configHash: configHash(stream, target),
  };
}

/** Changes with every setting that changes what the target holds; not with descriptions, tags, hooks and meta. */
function configHash({ settings }: StreamSpec, target: string): string {
  const { description: _d, tags: _t, hooks: _h, meta: _m, id: _i, disabled: _x, object: _o, ...rest } = settings;
  const sorted = JSON.stringify([target, rest], (_, value: unknown) =>
    value && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash("sha256").update(sorted).digest("hex").slice(0, 16);
}
