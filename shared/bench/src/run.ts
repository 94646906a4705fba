import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import type { BenchContext, Benchmark } from "./benchmark.ts";
import { type Row, rowOf } from "./report.ts";

/** Runs one benchmark in a throw-away folder, which is gone afterwards, also after Ctrl-C. */
export async function runBenchmark(benchmark: Benchmark, options: Omit<BenchContext, "folder">): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), `kc-bench-${benchmark.name}-`));
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  process.on("exit", remove);
  try {
    return (await benchmark.run({ ...options, folder })).map((measurement) => rowOf(benchmark.name, measurement));
  } finally {
    process.off("exit", remove);
    remove();
  }
}

/** What the figures were measured on; `load` tells how busy it was before. */
export interface Machine {
  cores: number;
  cpu: string;
  memoryGb: number;
  node: string;
  load: number;
}

export const machine = (): Machine => ({
  cores: availableParallelism(),
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  memoryGb: Math.round(totalmem() / 1e9),
  node: process.version,
  load: Math.round(loadavg()[0]! * 100) / 100,
});
