import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../user-error.ts";

/** What must be known to take a generator's work back, also after its process was killed. Contents are base64: bytes, not text. */
export interface Journal {
  pid: number;
  what: string;
  /** Files that existed (their bytes) or did not (null). `after`: what the generator itself writes there. */
  files: { path: string; before: string | null; after?: string }[];
  /** New folders: whatever is in them, also what steps put there, goes. */
  folders: string[];
}

const place = (root: string): string => join(root, ".kc", "generate.json");
const base64 = (bytes: Buffer | string): string => Buffer.from(bytes).toString("base64");

/** Bytes of a file for the journal; null when there is none. */
export const remember = (root: string, path: string): string | null => {
  const file = join(root, path);
  return existsSync(file) ? base64(readFileSync(file)) : null;
};

/**
 * Writes the journal before anything else is written. It is also the lock: one generator at a time in a checkout.
 * @throws UserError while another generator is at work.
 */
export function openJournal(root: string, journal: Journal): void {
  const file = place(root);
  mkdirSync(dirname(file), { recursive: true });
  const staged = `${file}.${process.pid}`;
  const handle = openSync(staged, "w", 0o600);
  try {
    writeFileSync(handle, JSON.stringify(journal));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  try {
    linkSync(staged, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw atWork(readJournal(root));
  } finally {
    rmSync(staged, { force: true });
  }
}

export function closeJournal(root: string): void {
  rmSync(place(root), { force: true });
}

/**
 * Takes back what a killed generator left. Answers what it was, or undefined when there was nothing.
 * @throws UserError while another generator is at work.
 */
export function recover(root: string): string | undefined {
  const journal = readJournal(root);
  if (!journal) return undefined;
  if (alive(journal.pid)) throw atWork(journal);
  undo(root, journal);
  return journal.what;
}

/**
 * Puts every file back, byte for byte, removes what is new, and closes the journal. A file that somebody else has changed
 * meanwhile is left alone and named in the answer.
 */
export function undo(root: string, journal: Journal): string[] {
  const kept: string[] = [];
  for (const { path, before, after } of [...journal.files].reverse()) {
    const now = remember(root, path);
    if (now === before) continue;
    if (after !== undefined && before !== null && now !== null && now !== base64(after)) {
      kept.push(path);
      continue;
    }
    if (before === null) rmSync(join(root, path), { force: true });
    else writeFile(root, path, Buffer.from(before, "base64"));
  }
  for (const folder of [...journal.folders].reverse())
    rmSync(join(root, folder), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  closeJournal(root);
  return kept;
}

/** Writes a file so that a reader sees the old one or the new one. */
export function writeFile(root: string, path: string, content: string | Buffer): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  const staged = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(staged, content);
    renameSync(staged, file);
  } catch (error) {
    rmSync(staged, { force: true });
    throw error;
  }
}

function readJournal(root: string): Journal | undefined {
  const file = place(root);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Journal) : undefined;
}

const atWork = (journal: Journal | undefined): UserError =>
  new UserError(
    `another kc is generating in this checkout${journal ? `: ${journal.what} (pid ${journal.pid})` : ""}`,
    "Wait until it has ended, then run the same command again.",
  );

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
