/** What a benchmark may use. */
export interface BenchContext {
  /** The checkout. Benchmarks read it and never touch its `.kc/`, but for the launcher's own compile cache. */
  root: string;
  /** A throw-away folder, removed when the benchmark has ended. */
  folder: string;
  /** Rows of the data benchmarks. */
  rows: number;
  /** Milliseconds that the soak lasts. */
  soakMs: number;
  /** How long faults are injected, and the seed that repeats them. */
  seconds: number;
  seed: number;
  /** Says what is going on now. */
  note(line: string): void;
}

/** What a measured figure must be, in the figure's unit; or, as a share, how it must stand to what it is compared with. */
export type Bar = { atMost: number } | { atLeast: number } | { ratioAtLeast: number };

/** One row of the report: samples of one thing, beside samples of what it is compared with. */
export interface Measurement {
  what: string;
  unit: string;
  samples: readonly number[];
  /** Which figure of the samples counts. Default median. */
  figure?: "median" | "p95" | "max";
  bar?: Bar;
  /** Samples of the same unit from the same run, or why there are none. Absent: there is nothing to compare with. */
  compared?: { to: string; samples: readonly number[] } | { to: string; missing: string };
}

/** A benchmark: it measures for real or says why it cannot, and cleans up after itself. */
export interface Benchmark {
  name: string;
  summary: string;
  /** The bar in words, for the listing. */
  bar: string;
  unit: string;
  run(context: BenchContext): Promise<Measurement[]>;
}

/** What could not be measured here, told instead of a figure. */
export class NotMeasured extends Error {
  override readonly name = "NotMeasured";
}
