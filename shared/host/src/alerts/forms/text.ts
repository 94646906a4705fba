/** At most `max` characters, with a notice where something was left out; never half of a surrogate pair. */
export function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  const notice = `… [${text.length} characters, shortened]`;
  const kept = text.slice(0, Math.max(0, max - notice.length)).replace(/[\uD800-\uDBFF]$/, "");
  return kept + notice.slice(0, max);
}

/** At most `max` characters after escaping: what escaping adds counts, and no escape is cut in two. */
export function shortenEscaped(text: string, max: number, escaped: (text: string) => string): string {
  let kept = text;
  for (let room = max; escaped(kept).length > max; room = Math.floor(room * 0.9)) kept = shorten(text, room);
  return escaped(kept);
}

/** One line without control characters: for subjects and titles. */
export const oneLine = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();

/** Lines stay, other control characters (terminal escapes, direction overrides) go. */
export const clean = (text: string): string => text.replace(/(?![\n\t])[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, "");
