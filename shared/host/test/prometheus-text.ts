export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * A strict reader of the text format 0.0.4.
 * @throws Error at the first line that breaks it: a sample without TYPE, a series twice, a bucket that shrinks.
 */
export function parseExposition(text: string): { types: Map<string, string>; samples: Sample[] } {
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const samples: Sample[] = [];
  const series = new Set<string>();
  for (const line of text.slice(0, -1).split("\n")) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment) {
      const [, kind, name, rest] = comment as unknown as [string, string, string, string];
      const known = kind === "HELP" ? helps.has(name) : types.has(name);
      if (!metricName.test(name) || known) throw new Error(`bad or repeated: ${line}`);
      if (kind === "HELP") helps.add(name);
      else if (!["counter", "gauge", "histogram"].includes(rest)) throw new Error(`no type: ${line}`);
      else types.set(name, rest);
      continue;
    }
    const sample = /^([^\s{]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!sample || !metricName.test(sample[1]!)) throw new Error(`no sample: ${line}`);
    const labels: Record<string, string> = {};
    let rest = sample[2] ?? "";
    while (rest) {
      const label = /^([^=]+)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/.exec(rest);
      if (!label || !labelName.test(label[1]!) || label[1]! in labels) throw new Error(`bad label: ${line}`);
      labels[label[1]!] = label[2]!.replace(/\\(.)/g, (_, one) => (one === "n" ? "\n" : one));
      rest = rest.slice(label[0].length);
    }
    const value = sample[3] === "+Inf" ? Number.POSITIVE_INFINITY : Number(sample[3]);
    if (Number.isNaN(value) && sample[3] !== "NaN") throw new Error(`no number: ${line}`);
    const base = sample[1]!.replace(/_(bucket|sum|count)$/, "");
    if (!types.has(sample[1]!) && types.get(base) !== "histogram") throw new Error(`no TYPE before: ${line}`);
    const key = `${sample[1]}${JSON.stringify(Object.entries(labels).sort())}`;
    if (series.has(key)) throw new Error(`a series twice: ${line}`);
    series.add(key);
    const last = samples.at(-1);
    if (
      sample[1]!.endsWith("_bucket") &&
      last?.name === sample[1] &&
      Number(labels.le!.replace("+Inf", "Infinity")) > Number(last!.labels.le) &&
      value < last!.value
    )
      throw new Error(`a bucket shrinks: ${line}`);
    samples.push({ name: sample[1]!, labels, value });
  }
  return { types, samples };
}
