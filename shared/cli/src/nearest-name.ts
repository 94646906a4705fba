// By itself, because a command line is looked at before anything heavier is loaded.

/** The known name that a mistyped one begins, or that differs least from it; undefined when none is near. */
export function nearestName(typed: string, names: Iterable<string>): string | undefined {
  const known = [...names];
  const begun = typed.length > 1 ? known.find((name) => name.startsWith(typed)) : undefined;
  if (begun) return begun;
  const scored = known.map((name) => ({ name, distance: editDistance(typed.toLowerCase(), name) }));
  const best = scored.sort((a, b) => a.distance - b.distance)[0];
  const most = typed.length < 2 ? 0 : typed.length <= 4 ? 1 : Math.max(2, Math.floor((best?.name.length ?? 0) / 3));
  return best && best.distance <= most ? best.name : undefined;
}

/** ` Did you mean "list"?`, or all names that there are. */
export function nearOrAll(typed: string, names: readonly string[]): string {
  const near = nearestName(typed, names);
  return near ? ` Did you mean "${near}"?` : ` There ${names.length === 1 ? "is" : "are"} ${names.join(", ")}.`;
}

/** Letters that are more, less, other, or swapped with their neighbour. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    const above = rows[i - 1]!;
    for (let j = 1; j <= b.length; j++) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? rows[i - 2]![j - 2]! + 1 : Infinity;
      row.push(Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1), swapped));
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
