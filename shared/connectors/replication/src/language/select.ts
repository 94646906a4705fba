import { UserError } from "@kc/runtime";

const pattern = (glob: string): RegExp =>
  new RegExp(
    `^${glob
      .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
  );

/**
 * The columns that a `select` list names: `a`, `a as b`, globs, `-a` to leave one out (alone: all but it).
 * @throws UserError for a name that is no column.
 */
export function selectColumns(
  list: readonly string[],
  columns: readonly string[],
  where: string,
): { from: string; as: string }[] {
  const chosen = new Map<string, string>();
  if (list.every((item) => item.startsWith("-"))) for (const column of columns) chosen.set(column, column);
  for (const item of list) {
    const excluded = item.startsWith("-");
    const [, from = "", as] = /^(.+?)(?:\s+as\s+(.+))?$/i.exec(excluded ? item.slice(1).trim() : item.trim()) ?? [];
    const matched = columns.filter((column) => (/[*?]/.test(from) ? pattern(from).test(column) : column === from));
    if (matched.length === 0)
      throw new UserError(`select names "${from}", which is no column`, { where, hint: `Columns: ${columns.join(", ")}.` });
    if (as && matched.length > 1) throw new UserError(`select renames ${matched.length} columns to "${as}"`, { where });
    for (const column of matched) {
      if (excluded) chosen.delete(column);
      else chosen.set(column, as ?? column);
    }
  }
  const out = [...chosen].map(([from, as]) => ({ from, as }));
  if (out.length === 0) throw new UserError("select leaves no column", { where });
  return out;
}
