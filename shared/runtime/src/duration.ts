import { UserError } from "./errors.ts";

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** A duration with its unit: "500ms", "30s", "5m", "2h", "1d", "1w", or parts together as in "1h30m". */
export type Duration = `${number}${keyof typeof units}` | `${number}${keyof typeof units}${string}`;

const hint = 'Write a number and a unit: "500ms", "30s", "5m", "2h", "1d" or "1h30m".';

/**
 * Milliseconds of a duration.
 * @throws UserError when the text is no duration or is zero or negative.
 */
export function durationMs(text: string, name = "duration"): number {
  // A number without a unit is what people write that is not type-checked.
  if (typeof text !== "string") throw new UserError(`${name} ${String(text)} is not a duration`, { hint });
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)];
  const consumed = parts.reduce((length, part) => length + part[0].length, 0);
  const ms = parts.reduce((sum, part) => sum + Number(part[1]) * units[part[2] as keyof typeof units], 0);
  if (parts.length === 0 || consumed !== text.length || ms <= 0)
    throw new UserError(`${name} "${text}" is not a duration`, { hint });
  return ms;
}

/** The shortest exact spelling of a number of milliseconds, at most two units ("1h30m"); rounded to those two. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)}s`;
  let rest = Math.round(ms / 1_000);
  const out: string[] = [];
  for (const [unit, seconds] of [
    ["d", 86_400],
    ["h", 3_600],
    ["m", 60],
    ["s", 1],
  ] as const) {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    if (count > 0) out.push(`${count}${unit}`);
    if (out.length === 2) break;
  }
  return out.join("") || "0s";
}
