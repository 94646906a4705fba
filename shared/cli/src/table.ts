/** Rows as aligned columns under their headings; cells are cut at the width only on a terminal. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly (string | number | null | undefined)[])[],
  maxWidth = Number.POSITIVE_INFINITY,
): string {
  const cells = [headings, ...rows].map((row) => row.map((cell) => String(cell ?? "").replace(/\s+/g, " ")));
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: string[]) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!)))
      .join("  ")
      .trimEnd();
  return cells
    .map((row) => line(row))
    .map((text) => (text.length > maxWidth ? `${text.slice(0, maxWidth - 1)}…` : text))
    .join("\n");
}

/** "3 s ago", "5 min ago": how long an instant is past. */
export function ago(instant: string | null, now = Date.now()): string {
  if (!instant) return "never";
  const seconds = Math.max(0, Math.round((now - Date.parse(instant)) / 1000));
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129_600) return `${Math.round(seconds / 3_600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}
