import { closeSync, openSync, readdirSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { NewEvent } from "@kc/runtime/serve";

const fileOf = (folder: string, runId: string): string => join(folder, `${runId}.ndjson`);
const newline = 10;

/** Reads whole lines of a file from a byte on, about `size` bytes of them; fewer only at the end. */
function readLines(fd: number, from: number, size: number): { lines: string[]; bytes: number } {
  for (let wanted = size; ; wanted *= 2) {
    const buffer = Buffer.allocUnsafe(wanted);
    let filled = 0;
    for (let read = 1; read > 0 && filled < wanted; filled += read)
      read = readSync(fd, buffer, filled, wanted - filled, from + filled);
    const end = buffer.subarray(0, filled).lastIndexOf(newline) + 1;
    if (end > 0) return { lines: buffer.toString("utf8", 0, end - 1).split("\n"), bytes: end };
    // No line ends here: the file does, or the line is longer.
    if (filled < wanted) return { lines: [], bytes: 0 };
  }
}

/**
 * The events of a run on disk until the run has ended and the host has stored them. A host that was killed in between
 * reads the rest from here when it comes back: the log's (run, number) key stores each event once. A worker whose host is
 * slower than its steps sends from here too, so that what is not sent yet takes no memory.
 */
export function openSpool(folder: string, runId: string) {
  const fd = openSync(fileOf(folder, runId), "a+", 0o600);
  let written = 0;
  return {
    /** Appends lines of JSON. */
    append(lines: readonly string[]): void {
      const bytes = Buffer.from(`${lines.join("\n")}\n`);
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      written += bytes.length;
    },
    /** Bytes that were written. */
    written: () => written,
    read: (from: number, size: number) => readLines(fd, from, size),
    close: () => closeSync(fd),
  };
}

/** The events of a spool in batches; a last line that was cut off by a kill is left out. */
export function* readSpool(folder: string, runId: string): Generator<NewEvent[]> {
  let fd: number;
  try {
    fd = openSync(fileOf(folder, runId), "r");
  } catch {
    return;
  }
  try {
    for (let from = 0; ; ) {
      const { lines, bytes } = readLines(fd, from, 1 << 20);
      if (bytes === 0) return;
      from += bytes;
      yield lines.map((line) => JSON.parse(line) as NewEvent);
    }
  } finally {
    closeSync(fd);
  }
}

export const removeSpool = (folder: string, runId: string): void => rmSync(fileOf(folder, runId), { force: true });

/** The runs that have a spool. */
export const spooledRuns = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => (name.endsWith(".ndjson") ? [name.slice(0, -".ndjson".length)] : []));
