import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { failureOf } from "@kc/runtime/load";

/** What keeps a location from loading, with the place in the team's own code. */
export interface LoadError {
  message: string;
  where: string;
  hint: string;
  stack: string;
}

/** Finds file and line of an error: a user error's own place, a syntax error's, or the first frame in the location's folder. */
export function describeLoadError(error: unknown, folder: string): LoadError {
  const failure = failureOf(error);
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const where = failure.where ?? importPlace(failure.message) ?? syntaxPlace(stack) ?? framePlace(stack, folder) ?? "";
  return { message: failure.message, where: shorten(where, folder), hint: failure.hint ?? "", stack: failure.user ? "" : stack };
}

/** A module that is not there: the line of the import, in the file that Node names. */
function importPlace(message: string): string | undefined {
  const found = /^Cannot find (?:module|package) '([^']+)' imported from (?:file:\/\/)?(\S+)/.exec(message);
  if (!found) return undefined;
  const [, missing, importer] = found as unknown as [string, string, string];
  try {
    const name = missing
      .split("/")
      .at(-1)!
      .replace(/\.[cm]?tsx?$/, "");
    const line = readFileSync(importer, "utf8")
      .split("\n")
      .findIndex((text) => /\b(import|from)\b/.test(text) && text.includes(name));
    return line < 0 ? importer : `${importer}:${line + 1}`;
  } catch {
    return importer;
  }
}

/** Node puts `file:line` of a syntax error on the first line of the stack, tsx within its message. */
function syntaxPlace(stack: string): string | undefined {
  const first = /^(?:file:\/\/)?(\/[^\n:]+:\d+)\n/.exec(stack)?.[1];
  return first ?? /(\/[^\s:]+\.[cm]?tsx?:\d+:\d+): ERROR/.exec(stack)?.[1];
}

function framePlace(stack: string, folder: string): string | undefined {
  for (const line of stack.split("\n")) {
    const place = /(?:file:\/\/)?(\/[^()\s]+:\d+:\d+)\)?$/.exec(line.trim())?.[1];
    if (place?.startsWith(`${folder}/`) && !place.includes("/node_modules/")) return place;
  }
  return undefined;
}

const shorten = (place: string, folder: string): string => (place.startsWith(`${folder}/`) ? relative(folder, place) : place);
