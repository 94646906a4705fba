import { UserError } from "@kc/runtime";

export type Casing = "normalize" | "source" | "target" | "snake" | "upper" | "lower" | "camel";

/**
 * The column name in the target. `normalize` (default): letters, digits and `_`, lower case unless the source mixes cases;
 * `source`: as it is.
 */
export function columnName(name: string, casing: Casing = "normalize"): string {
  const trimmed = name.trim();
  if (casing === "source") return trimmed;
  const clean = trimmed.replaceAll(/[^\p{L}\p{N}_]+/gu, "_");
  if (casing === "upper") return clean.toUpperCase();
  if (casing === "lower" || casing === "target") return clean.toLowerCase();
  if (casing === "snake") return snake(clean);
  if (casing === "camel") return snake(clean).replaceAll(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return clean === clean.toUpperCase() || clean === clean.toLowerCase() ? clean.toLowerCase() : clean;
}

/** snake_case: `OrderID` becomes order_id. */
export function snake(name: string): string {
  return name
    .replaceAll(/([\p{Ll}\p{N}])(\p{Lu})/gu, "$1_$2")
    .replaceAll(/(\p{Lu}+)(\p{Lu}\p{Ll})/gu, "$1_$2")
    .toLowerCase();
}

/**
 * Target names of a header's fields.
 * @throws UserError naming an empty or repeated one, with its place.
 */
export function columnNames(fields: string[], casing: Casing | undefined, where: string): string[] {
  const seen = new Map<string, number>();
  return fields.map((field, index) => {
    const name = columnName(field, casing);
    if (!name)
      throw new UserError(`column ${index + 1} has no name in the header`, {
        where,
        hint: "Name it in the file, or set source_options.header: false.",
      });
    const before = seen.get(name);
    if (before !== undefined)
      throw new UserError(`columns ${before + 1} and ${index + 1} of the header are both named "${name}"`, {
        where,
        hint: "Rename one; names that differ only in case or signs may fall together (target_options.column_casing).",
      });
    seen.set(name, index);
    return name;
  });
}
