import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { NewEvent } from "@kc/runtime/internal";

/**
 * The events of a run on disk until the run has ended and the host has stored them. A host that was killed in between
 * reads the rest from here when it comes back: the log's (run, number) key stores each event once.
 */
export function openSpool(folder: string, runId: string) {
  const file = join(folder, `${runId}.ndjson`);
  const fd = openSync(file, "a", 0o600);
  return {
    append: (events: readonly NewEvent[]) => void writeSync(fd, events.map((event) => `${JSON.stringify(event)}\n`).join("")),
    close: () => closeSync(fd),
  };
}

/** The events of a spool; a last line that was cut off by a kill is left out. */
export function readSpool(folder: string, runId: string): NewEvent[] {
  let text: string;
  try {
    text = readFileSync(join(folder, `${runId}.ndjson`), "utf8");
  } catch {
    return [];
  }
  const lines = text.split("\n");
  lines.pop();
  return lines.map((line) => JSON.parse(line) as NewEvent);
}

export const removeSpool = (folder: string, runId: string): void => rmSync(join(folder, `${runId}.ndjson`), { force: true });
