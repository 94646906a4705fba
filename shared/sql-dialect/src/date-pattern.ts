import { unsupported } from "./errors.ts";

/** Spark's datetime pattern letters by run length, as strftime has them. */
const letters: Record<string, string> = {
  yyyy: "%Y",
  y: "%Y",
  yy: "%y",
  MM: "%m",
  M: "%-m",
  MMM: "%b",
  MMMM: "%B",
  dd: "%d",
  d: "%-d",
  HH: "%H",
  H: "%-H",
  hh: "%I",
  h: "%-I",
  mm: "%M",
  m: "%-M",
  ss: "%S",
  s: "%-S",
  SSS: "%g",
  SSSSSS: "%f",
  a: "%p",
  E: "%a",
  EEE: "%a",
  EEEE: "%A",
  DDD: "%j",
};

/** A Spark datetime pattern (`yyyy-MM-dd'T'HH:mm`) as a strftime pattern. Refuses letters without a counterpart. */
export function strftimePattern(pattern: string): string {
  let out = "";
  for (let i = 0; i < pattern.length; ) {
    const c = pattern[i] as string;
    if (c === "'") {
      const end = pattern.indexOf("'", i + 1);
      if (end < 0) throw unsupported(`the date pattern ${pattern}`, "A quote is not closed.");
      out += end === i + 1 ? "'" : pattern.slice(i + 1, end).replaceAll("%", "%%");
      i = end + 1;
    } else if (/[a-zA-Z]/.test(c)) {
      let run = c;
      while (pattern[i + run.length] === c) run += c;
      const mapped = letters[run];
      if (mapped === undefined) throw unsupported(`${run} in the date pattern ${pattern}`);
      out += mapped;
      i += run.length;
    } else {
      out += c === "%" ? "%%" : c;
      i++;
    }
  }
  return out;
}
