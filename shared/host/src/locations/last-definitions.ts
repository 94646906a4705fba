import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { LocationSnapshot } from "@kc/runtime/internal";

// The last definitions of a location that loaded, for a host that starts while its code does not: what happens to assets
// upstream of it must not be judged as if it were not there, and people find its assets where they were.

/** Of another kc they are as good as none: what a snapshot holds may differ. */
const version = createHash("sha256")
  .update(readFileSync(new URL("snapshot.ts", import.meta.resolve("@kc/runtime/internal"))))
  .digest("hex")
  .slice(0, 16);

/** Keeps them; a disk that takes nothing costs no more than this. Never throws. */
export function keepDefinitions(file: string, snapshot: LocationSnapshot): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.tmp`, JSON.stringify({ version, snapshot }), { mode: 0o600 });
    renameSync(`${file}.tmp`, file);
  } catch {}
}

/** What was kept, or undefined where there is nothing that can be used. Never throws. */
export function lastDefinitions(file: string): LocationSnapshot | undefined {
  try {
    const kept = JSON.parse(readFileSync(file, "utf8")) as { version?: unknown; snapshot?: LocationSnapshot };
    return kept.version === version ? kept.snapshot : undefined;
  } catch {
    return undefined;
  }
}
