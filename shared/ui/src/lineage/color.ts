const hues = [245, 160, 25, 325, 200, 95, 280, 50, 0, 130];

/** A colour per location: the same for the same name, wherever it is shown. */
export function locationColor(name: string): string {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0;
  return `oklch(0.62 0.15 ${hues[hash % hues.length]})`;
}
