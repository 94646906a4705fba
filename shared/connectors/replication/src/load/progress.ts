import { formatDuration, type Logger } from "@kc/runtime";

/** Says every few seconds how far a load is. `count` asks for the rows so far; it may fail without harm. */
export function progress(log: Logger, what: string, count: () => Promise<number | undefined>, everyMs = 3_000): () => void {
  const began = performance.now();
  let last = 0;
  let busy = false;
  const timer = setInterval(async () => {
    if (busy) return;
    busy = true;
    const rows = await count().catch(() => undefined);
    busy = false;
    if (rows === undefined || rows <= last) return;
    const seconds = (performance.now() - began) / 1_000;
    log.info(`${what}: ${rows.toLocaleString("en")} rows, ${rate(rows, seconds * 1_000).toLocaleString("en")} rows/s`, {
      rows,
      rows_per_second: rate(rows, seconds * 1_000),
    });
    last = rows;
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Rows per second, rounded. */
export const rate = (rows: number, ms: number): number => Math.round((rows * 1_000) / Math.max(ms, 1));

/** The line that ends a load. */
export function summary(rows: number, ms: number, table: string): string {
  return `${rows.toLocaleString("en")} rows into ${table} in ${formatDuration(ms)}, ${rate(rows, ms).toLocaleString("en")} rows/s`;
}
