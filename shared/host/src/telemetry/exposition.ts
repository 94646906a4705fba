// Prometheus text format 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/

export type Labels = Readonly<Record<string, string>>;
type Type = "counter" | "gauge" | "histogram";

const quoted = (text: string): string => `"${text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n").replace(/"/g, '\\"')}"`;
const labelled = (labels: Labels): string => {
  const parts = Object.entries(labels).map(([name, value]) => `${name}=${quoted(value)}`);
  return parts.length > 0 ? `{${parts.join(",")}}` : "";
};
const numeral = (value: number): string =>
  Number.isFinite(value) ? String(value) : Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";

/** One metric with its help and samples. */
export function family(
  name: string,
  type: Type,
  help: string,
  samples: Iterable<readonly [Labels, number, suffix?: string]>,
): string {
  const lines = [`# HELP ${name} ${help.replace(/\\/g, "\\\\").replace(/\n/g, "\\n")}`, `# TYPE ${name} ${type}`];
  for (const [labels, value, suffix = ""] of samples) lines.push(`${name}${suffix}${labelled(labels)} ${numeral(value)}`);
  return lines.join("\n");
}

/** Label sets of one metric are bounded: names come from definitions, and a runaway one must not fill the memory. */
const maxSeries = 2_000;
const keyOf = (labels: Labels): string => JSON.stringify(labels);

export interface Counter {
  add(labels: Labels, by?: number): void;
  text(): string;
}

export function counter(name: string, help: string): Counter {
  const series = new Map<string, { labels: Labels; value: number }>();
  return {
    add(labels, by = 1) {
      const key = keyOf(labels);
      const known = series.get(key);
      if (known) known.value += by;
      else if (series.size < maxSeries) series.set(key, { labels, value: by });
    },
    text: () =>
      family(
        name,
        "counter",
        help,
        [...series.values()].map(({ labels, value }) => [labels, value]),
      ),
  };
}

export interface Histogram {
  observe(labels: Labels, value: number): void;
  text(): string;
}

/** @param bounds upper bounds of the buckets, growing. */
export function histogram(name: string, help: string, bounds: readonly number[]): Histogram {
  const series = new Map<string, { labels: Labels; counts: number[]; sum: number; count: number }>();
  return {
    observe(labels, value) {
      const key = keyOf(labels);
      const known = series.get(key) ?? { labels, counts: bounds.map(() => 0), sum: 0, count: 0 };
      if (known.count === 0) {
        if (series.size >= maxSeries) return;
        series.set(key, known);
      }
      for (const [index, bound] of bounds.entries()) if (value <= bound) known.counts[index]!++;
      known.sum += value;
      known.count++;
    },
    text: () =>
      family(
        name,
        "histogram",
        help,
        [...series.values()].flatMap(({ labels, counts, sum, count }): [Labels, number, string][] => [
          ...bounds.map((bound, index): [Labels, number, string] => [
            { ...labels, le: String(bound) },
            counts[index]!,
            "_bucket",
          ]),
          [{ ...labels, le: "+Inf" }, count, "_bucket"],
          [labels, sum, "_sum"],
          [labels, count, "_count"],
        ]),
      ),
  };
}
