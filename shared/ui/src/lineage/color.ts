/** A colour per location: the same for the same name, wherever it is shown. Hues a golden angle apart look most unlike. */
export function locationColor(name: string): string {
  let hash = 2_166_136_261;
  for (const letter of name) hash = Math.imul(hash ^ letter.charCodeAt(0), 16_777_619) >>> 0;
  return `oklch(0.62 0.15 ${Math.round(((hash % 997) * 137.508) % 360)})`;
}
