/** Something that can be found by its name. */
export interface Findable {
  name: string;
}

/**
 * What a person who writes `text` may mean, the likeliest first: names that hold every word of it, those whose last part is it,
 * begins with it or holds it before others, and shorter names before longer ones.
 */
export function bestMatches<T extends Findable>(text: string, items: readonly T[], limit: number): T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const found: { item: T; rank: number }[] = [];
  for (const item of items) {
    const name = item.name.toLowerCase();
    if (!words.every((word) => name.includes(word))) continue;
    const last = name.slice(name.lastIndexOf("/") + 1);
    const first = words[0]!;
    const place = last === first ? 0 : last.startsWith(first) ? 1 : last.includes(first) ? 2 : 3;
    found.push({ item, rank: place * 10_000 + Math.min(name.length, 9_999) });
  }
  return found
    .sort((a, b) => a.rank - b.rank || a.item.name.localeCompare(b.item.name))
    .slice(0, limit)
    .map(({ item }) => item);
}
