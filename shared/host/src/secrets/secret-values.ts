import { existsSync } from "node:fs";

// Which values of an environment are secrets, and which of them can be told from ordinary text.

/** Values by how they may be hidden. */
export interface SecretValues {
  /** Long or random enough to be nothing else, wherever they stand. */
  sure: string[];
  /** As short or plain as ordinary words ("postgres"): hidden only where a credential stands. */
  plain: string[];
}

const names =
  /(?:TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIALS?|APIKEY|WEBHOOK_URL|CONNECTION_STRING|DSN|_PWD|_PASS|_PAT|_KEY|^KEY)$/i;
/** Keys that say where something is, not who may have it. */
const otherKeys = /(?:^|_)(?:PUBLIC|PARTITION|SORT|PRIMARY|FOREIGN|CACHE|RUN|ASSET|OBJECT|S3|GROUP|JOIN|ISSUE|ORDER)_KEY$/i;

/** Whether a variable is a secret by its name alone. */
export const namesSecret = (name: string): boolean => names.test(name) && !otherKeys.test(name);

/** Characters from which on a value is not taken for a word. */
const shortest = 8;
/** A value of words or digits alone has to be longer. */
const shortestPlain = 16;
/** What is shorter is not hidden at all. */
const shortestHidden = 4;

/**
 * The secrets of an environment: variables that `marked` names or whose name says it, and the password within any address.
 * Of a value of several lines each line is one, because logs are kept line by line; of a JSON object also what it holds.
 */
export function secretValues(env: Readonly<Record<string, string | undefined>>, marked: Iterable<string> = []): SecretValues {
  const known = new Set(marked);
  const found = new Set<string>();
  for (const [name, value] of Object.entries(env)) {
    if (!value) continue;
    if (known.has(name) || (namesSecret(name) && !isFile(value))) for (const part of partsOf(value)) found.add(part);
    for (const password of passwordsOf(value)) found.add(password);
  }
  const all = [...found].filter((value) => value.length >= shortestHidden);
  return { sure: all.filter(isSure), plain: all.filter((value) => !isSure(value)) };
}

const isSure = (value: string): boolean =>
  value.length >= (/^(?:[a-z]+(?:[ _.-][a-z]+)*|\d+)$/i.test(value) ? shortestPlain : shortest);

/** The variable says where the secret lies. */
const isFile = (value: string): boolean => /^[/~.]/.test(value) && existsSync(value);

function* partsOf(value: string): Generator<string> {
  yield value;
  if (value.includes("\n")) for (const line of value.split(/\r?\n/)) yield line.trim();
  if (value.startsWith("{")) yield* heldBy(value);
}

function* heldBy(text: string): Generator<string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return;
  }
  for (const [name, value] of Object.entries(parsed as Record<string, unknown>))
    if (typeof value === "string" && namesSecret(name)) yield* partsOf(value);
}

/** `scheme://user:password@host`: the password as it stands there and as it is meant. */
function* passwordsOf(value: string): Generator<string> {
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s:@]*:([^/?#\s@]+)@/i.exec(value)?.[1];
  if (!password) return;
  yield password;
  try {
    yield decodeURIComponent(password);
  } catch {
    // It is meant as it stands.
  }
}
