import type { Bar, Measurement } from "./benchmark.ts";
import { type Summary, summarize } from "./statistics.ts";

/** A measured row with everything worked out: what `--json` prints. */
export interface Row extends Summary {
  benchmark: string;
  what: string;
  unit: string;
  /** The figure that counts. */
  value: number;
  figure: NonNullable<Measurement["figure"]>;
  bar: Bar | null;
  /** Null without a bar, or with one that needs a comparison that is missing. */
  met: boolean | null;
  compared: { to: string; value: number | null; missing: string | null } | null;
  /** The figure as a share of what it is compared with. */
  ratio: number | null;
}

export function rowOf(benchmark: string, measurement: Measurement): Row {
  const { what, unit, samples, figure = "median", bar, compared } = measurement;
  const summary = summarize(samples);
  const value = summary[figure];
  const other = compared && "samples" in compared ? summarize(compared.samples)[figure] : null;
  const ratio = other === null ? null : value / other;
  return {
    benchmark,
    what,
    unit,
    value,
    figure,
    ...summary,
    bar: bar ?? null,
    met: bar ? meets(bar, value, ratio) : null,
    compared: compared ? { to: compared.to, value: other, missing: "missing" in compared ? compared.missing : null } : null,
    ratio,
  };
}

function meets(bar: Bar, value: number, ratio: number | null): boolean | null {
  if ("atMost" in bar) return value <= bar.atMost;
  if ("atLeast" in bar) return value >= bar.atLeast;
  return ratio === null ? null : ratio >= bar.ratioAtLeast;
}

/** Three digits that count, thousands apart. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value
    .toFixed(digits)
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "")
    .replace(/\B(?=(\d{3})+(?!\d)(?<!\.\d*))/g, " ");
}

function barText(bar: Bar | null, unit: string): string {
  if (!bar) return "";
  if ("atMost" in bar) return `<= ${figure(bar.atMost)} ${unit}`;
  if ("atLeast" in bar) return `>= ${figure(bar.atLeast)} ${unit}`;
  return `>= ${Math.round(bar.ratioAtLeast * 100)} % of it`;
}

export const headings = ["benchmark", "measured", "min - max", "bar", "", "compared with", "ratio"] as const;

/** The cells of a row under `headings`. */
export function cells(row: Row): string[] {
  const of = row.figure === "median" ? "" : ` ${row.figure}`;
  const compared = row.compared;
  return [
    row.what,
    `${figure(row.value)} ${row.unit}${of}`,
    row.count > 1 ? `${figure(row.min)} - ${figure(row.max)}` : "",
    barText(row.bar, row.unit),
    row.met === null ? "" : row.met ? "ok" : "MISSED",
    compared === null
      ? ""
      : compared.value === null
        ? `not compared: ${compared.missing}`
        : `${compared.to} ${figure(compared.value)} ${row.unit}`,
    row.ratio === null ? "" : row.ratio.toFixed(2),
  ];
}
