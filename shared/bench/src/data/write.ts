import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { SourceFile } from "./source-data.ts";

/** Writes a source file with `count` rows into a folder, in pieces of about 1 MB. Answers its path. */
export function writeSource(source: SourceFile, folder: string, count: number): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, source.name);
  const file = openSync(path, "w");
  let piece = `${source.header}\n`;
  for (const row of source.rows(count)) {
    piece += `${row}\n`;
    if (piece.length > 1_000_000) {
      writeSync(file, piece);
      piece = "";
    }
  }
  writeSync(file, piece);
  closeSync(file);
  return path;
}
