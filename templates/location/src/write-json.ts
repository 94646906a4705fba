import { randomUUID } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Writes a JSON file so that a reader sees the old one or the new one, never a part. Answers its path. */
export async function writeJson(folder: string, name: string, value: unknown): Promise<string> {
  const file = join(folder, name);
  const staged = `${file}.${randomUUID()}.tmp`;
  try {
    await writeFile(staged, `${JSON.stringify(value, null, 2)}\n`);
    await rename(staged, file);
  } catch (error) {
    await rm(staged, { force: true });
    throw error;
  }
  return file;
}
