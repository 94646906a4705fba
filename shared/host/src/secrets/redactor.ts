import type { SecretValues } from "./secret-values.ts";
import { spellingsOf } from "./spellings.ts";

const hidden = "***";

/** Takes secrets out of what leaves a process. */
export interface Redactor {
  /** Whether a text, or the JSON of a value, may hold a secret: costs almost nothing. */
  suspects(text: string): boolean;
  /** The text with `***` in place of secrets. */
  text(text: string): string;
  /** The value with `***` in place of secrets in every text of it. */
  value<T>(value: T): T;
  /** The value with `***` in place of secrets below the properties of these names, and untouched elsewhere. */
  within<T>(value: T, names: ReadonlySet<string>): T;
  /** The place at or before `at` where a text can be cut in two without cutting a secret. */
  cut(text: string, at: number): number;
  /** Characters that must be known beyond a place to cut at. */
  readonly longest: number;
}

/** What a credential follows: its name and a sign, or the user name of an address. */
const credentialBefore = /(?:pass|passwd|password|passphrase|pwd|secret|token|key)\\?["']?\s*[=:]\s*\\?["']?$/i;

/** Makes a redactor of these values; without any it costs nothing. */
export function redactor({ sure, plain }: SecretValues): Redactor {
  const spellings = sure.flatMap(spellingsOf);
  const plainSpellings = plain.flatMap((value) => [value, encodeURIComponent(value)]);
  const spelled = patternOf(spellings);
  const words = patternOf(plainSpellings);
  const first = patternOf([...spellings, ...plainSpellings], "");
  const longest = Math.max(0, ...spellings.map((text) => text.length));
  const suspects = (text: string) => first?.test(text) ?? false;

  const text = (whole: string): string => {
    if (!suspects(whole)) return whole;
    const clean = spelled ? whole.replace(spelled, hidden) : whole;
    return words
      ? clean.replace(words, (found, at: number) => (isCredential(clean, at, at + found.length) ? hidden : found))
      : clean;
  };
  const value = <T>(one: T): T => {
    if (typeof one === "string") return text(one) as T;
    if (Array.isArray(one)) return one.map(value) as T;
    if (typeof one !== "object" || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([name, held]) => [text(name), value(held)])) as T;
  };
  const within = <T>(one: T, names: ReadonlySet<string>): T => {
    if (Array.isArray(one)) return one.map((item) => within(item, names)) as T;
    if (typeof one !== "object" || one === null) return one;
    return Object.fromEntries(
      Object.entries(one).map(([name, held]) => [name, names.has(name) ? value(held) : within(held, names)]),
    ) as T;
  };
  return {
    suspects,
    text,
    value,
    within,
    longest,
    cut(whole, at) {
      if (!spelled) return at;
      const from = Math.max(0, at - longest);
      for (const match of whole.slice(from, at + longest).matchAll(spelled)) {
        const start = from + match.index;
        if (start < at && start + match[0].length > at) return start;
      }
      return at;
    },
  };
}

export const noSecrets: Redactor = redactor({ sure: [], plain: [] });

function isCredential(text: string, from: number, to: number): boolean {
  if (text[from - 1] === ":" && text[to] === "@") return true;
  return !/\w/.test(text[to] ?? "") && credentialBefore.test(text.slice(Math.max(0, from - 40), from));
}

/** The longest first: of two spellings that begin alike the whole one is to be found. */
function patternOf(texts: readonly string[], flags = "g"): RegExp | undefined {
  const all = [...new Set(texts)].filter((text) => text !== "").sort((a, b) => b.length - a.length);
  return all.length > 0 ? new RegExp(all.map((one) => one.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|"), flags) : undefined;
}
