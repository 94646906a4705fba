import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Manifest } from "@kc/dbt/artifacts";
import { type Logger, UserError } from "@kc/runtime";
import type { DbtCloud } from "./resource.ts";

interface Cached {
  /** Content hash of the local project folder, "" when none is named. */
  hash: string;
  /** Which account, project and environment it was fetched for. */
  of: string;
  manifest: Manifest;
}

export interface ManifestCache {
  /** The manifest from the cache while it is current, else from dbt Cloud; an old one when dbt Cloud cannot be reached. */
  load(connect: () => DbtCloud, log: Logger, signal: AbortSignal): Promise<Manifest>;
  /** Takes over the manifest of a run, when no local folder says what is current. */
  learn(manifest: Manifest): Promise<void>;
}

/**
 * Keeps manifest.json between loads, so that loading definitions does not call the vendor. With a local project folder its content hash
 * decides when the manifest is stale; without, it stays until a run brings a newer one or the file is deleted.
 */
export function manifestCache(file: string, current: { hash: string; of: string | undefined }): ManifestCache {
  // Without the connection's variables (a check of definitions alone) any project's manifest will do.
  const fits = (cached: Cached): boolean => current.of === undefined || cached.of === current.of;
  const read = (): Cached | undefined => {
    try {
      return JSON.parse(readFileSync(file, "utf8")) as Cached;
    } catch {
      // Absent, or half written by an older program: fetched anew.
      return undefined;
    }
  };
  const write = (manifest: Manifest): void => {
    mkdirSync(dirname(file), { recursive: true });
    const staged = `${file}.${process.pid}`;
    writeFileSync(
      staged,
      JSON.stringify({ hash: current.hash, of: current.of ?? "", manifest: slim(manifest) } satisfies Cached),
    );
    renameSync(staged, file);
  };
  return {
    async load(connect, log, signal) {
      const cached = read();
      if (cached && cached.hash === current.hash && fits(cached)) return cached.manifest;
      try {
        const manifest = await fetchManifest(connect(), log, signal);
        write(manifest);
        return manifest;
      } catch (error) {
        // A project that does not parse is for its author to mend; only a vendor that cannot be asked is bridged.
        if (!cached || !fits(cached) || signal.aborted || (error instanceof ProjectError && current.hash !== "")) throw error;
        log.warn(`dbt Cloud gave no new manifest, the last one is used: ${(error as Error).message}`);
        return cached.manifest;
      }
    },
    async learn(manifest) {
      if (current.hash === "") write(manifest);
    },
  };
}

/** The project itself does not parse. dbt begins its message with the place, `models/x.sql:9: …`. */
class ProjectError extends UserError {
  constructor(text: string, href: string | null | undefined) {
    const [, where, message] = /^(\S+\.\w+:\d+(?::\d+)?): ([\s\S]*)$/.exec(text) ?? [undefined, undefined, text];
    super(`dbt Cloud could not parse the project: ${message}`, { where, hint: href ? `Its logs: ${href}` : undefined });
  }
}

/** Has dbt Cloud parse the project, and reads the manifest that this makes. */
async function fetchManifest(dbt: DbtCloud, log: Logger, signal: AbortSignal): Promise<Manifest> {
  try {
    const { id } = await dbt.job(signal);
    const triggered = await dbt.client.triggerRun(id, { cause: "kc reads the project's manifest", steps: ["dbt parse"] }, signal);
    log.info(`dbt Cloud run ${triggered.id}: dbt parse`);
    const run = await dbt.client.waitForRun(triggered.id, {
      signal,
      timeoutMs: dbt.settings.runTimeoutSeconds * 1_000,
      pollMs: dbt.settings.pollingInterval * 1_000,
    });
    if (run.status !== 10) throw new ProjectError(run.status_message ?? run.status_humanized ?? "no reason given", run.href);
    const manifest = await dbt.client.lateArtifact<Manifest>(run, "manifest.json", signal);
    if (!manifest) throw new UserError(`dbt Cloud run ${run.id} parsed the project but left no manifest.json`);
    return manifest;
  } finally {
    await dbt.client.close();
  }
}

/** Without the code and macros, which nothing reads here and which make most of its size. */
function slim(manifest: Manifest): Manifest {
  const nodes = Object.fromEntries(
    Object.entries(manifest.nodes).map(([id, { raw_code: _raw, compiled_code: _compiled, ...node }]) => [id, node]),
  );
  return { ...manifest, nodes, macros: {}, docs: {} };
}
