import { createHash, randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Logger, UserError } from "@kc/runtime";
import type { LoadContext, LoadPlan, LoadResult } from "../load/load.ts";
import { sweepTempFiles, tempFile } from "../load/temp-files.ts";
import type { Destination, PackageTable, PipelineState } from "./destination.ts";
import { type NormalTable, normalizer, normalName } from "./normalize.ts";
import type { LoadResource, LoadSource, Row } from "./resource.ts";
import { Spill } from "./spill.ts";

export interface PipelineRun {
  log: Logger;
  signal?: AbortSignal | undefined;
  /** Folder for rows on their way. */
  tempDir: string;
}

export interface LoadInfo {
  loadId: string;
  /** Whether every table already was what the source says. */
  unchanged: boolean;
  /** Rows that were loaded, without those of child tables. */
  rows: number;
  /** Rows that a contract or an old cursor left out. */
  discarded: number;
  tables: LoadResult[];
}

export interface LoadPipeline {
  readonly name: string;
  /** Extracts, normalises and loads. Either all of it is there afterwards, cursors included, or (as far as the destination can) nothing. */
  run(what: LoadSource | LoadResource | readonly LoadResource[], run: PipelineRun): Promise<LoadInfo>;
}

/** A pipeline in the sense of dlt: resources into one dataset of a destination, with memory of how far it came. */
export function loadPipeline(options: { name: string; destination: Destination }): LoadPipeline {
  const { name, destination } = options;
  return {
    name,
    async run(what, { log, signal, tempDir }) {
      const resources = "kind" in what ? (what.kind === "load source" ? what.resources : [what]) : what;
      const active = resources.filter((resource) => resource.writeDisposition !== "skip");
      await mkdir(tempDir, { recursive: true });
      await sweepTempFiles(tempDir);
      const folder = tempFile(tempDir, "");
      await mkdir(folder);
      const context: LoadContext = { log, signal, tempDir: folder };
      try {
        await destination.prepare({ ...context, tempDir });
        return await destination.locked(name, { ...context, tempDir }, () =>
          runLocked(name, "kind" in what ? what.name : name, active, destination, context),
        );
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

async function runLocked(
  pipeline: string,
  schemaName: string,
  resources: readonly LoadResource[],
  destination: Destination,
  context: LoadContext,
): Promise<LoadInfo> {
  const before = await destination.state(pipeline, context);
  const state: PipelineState = {
    version: (before?.version ?? 0) + 1,
    cursors: { ...before?.cursors },
    boundaries: { ...before?.boundaries },
  };
  const loadId = `${(Date.now() / 1_000).toFixed(3)}${randomBytes(2).readUInt16BE() % 1_000}`;
  const tables: PackageTable[] = [];
  let [rows, discarded] = [0, 0];
  const spills: Spill[] = [];
  try {
    for (const resource of resources) {
      const root = normalName(resource.tableName ?? resource.name);
      const made = new Map<string, NormalTable & { spill: Spill }>();
      const open = async (table: string) => {
        const found = made.get(table);
        if (found) return found;
        const known = await destination.columns(table, context);
        // A table that was dropped has lost what the cursor says is there.
        if (table === root && !known) delete state.cursors[resource.name];
        const spill = new Spill(join(context.tempDir, `${made.size}-${table}.ndjson`));
        spills.push(spill);
        const fresh = {
          name: table,
          columns: [],
          known,
          rows: 0,
          spill,
          write: (values: (string | null)[]) => spill.add(values),
        };
        made.set(table, fresh);
        return fresh;
      };
      await open(root);
      const counts = await extract(resource, root, open, state, loadId, context);
      rows += counts.rows;
      discarded += counts.discarded;
      for (const table of made.values()) {
        table.spill.close();
        if (table.columns.length === 0 && (resource.writeDisposition !== "replace" || !table.known)) continue;
        if (table.columns.length === 0) table.columns = [...table.known!].map(([column, type]) => ({ name: column, type }));
        const contentHash = await table.spill.contentHash(table.columns);
        tables.push({
          name: table.name,
          columns: table.columns,
          rows: table.rows,
          contentHash,
          spill: table.spill,
          plan: planOf(resource, table.name, root, pipeline),
        });
      }
    }
    const twice = tables.find((table, index) => tables.findIndex((other) => other.name === table.name) !== index);
    if (twice)
      throw new UserError(`two resources of pipeline "${pipeline}" write table "${twice.name}"`, {
        hint: "Give one of them another tableName.",
      });
    const schema = JSON.stringify(tables.map((table) => ({ name: table.name, columns: table.columns })));
    const schemaHash = createHash("sha256").update(schema).digest("base64url").slice(0, 22);
    const pending = tables.filter((table) => table.rows > 0 || table.plan.mode === "full-refresh");
    const results =
      pending.length === 0
        ? []
        : await destination.load(
            { pipeline, schemaName: normalName(schemaName), loadId, tables: pending, state, schema, schemaHash },
            context,
          );
    return { loadId, unchanged: results.every((result) => result.unchanged), rows, discarded, tables: results };
  } finally {
    for (const spill of spills) spill.close();
  }
}

type Open = Parameters<typeof normalizer>[2];

async function extract(
  resource: LoadResource,
  root: string,
  open: Open,
  state: PipelineState,
  loadId: string,
  context: LoadContext,
): Promise<{ rows: number; discarded: number }> {
  const { incremental } = resource;
  const path = incremental && normalName(incremental.cursorPath);
  const known = state.cursors[resource.name];
  const since = known ?? incremental?.initialValue;
  const seen = new Set(known === undefined ? [] : state.boundaries?.[resource.name]);
  let boundary = new Set(seen);
  const normal = normalizer(resource, root, open, loadId, () => randomBytes(10).toString("base64url"));
  let highest = since;
  let [rows, discarded] = [0, 0];
  for await (const row of resource.rows({ cursor: since, log: context.log, signal: context.signal })) {
    if (rows % 1_024 === 0) context.signal?.throwIfAborted();
    const cursor = path === undefined ? undefined : cursorOf(row, path);
    if (incremental && cursor === undefined) {
      const missing = incremental.onCursorValueMissing ?? "raise";
      if (missing === "raise")
        throw new UserError(`a row of resource "${resource.name}" has no cursor "${incremental.cursorPath}"`, {
          hint: 'Set onCursorValueMissing to "include" or "exclude".',
        });
      if (missing === "exclude") {
        discarded++;
        continue;
      }
    }
    if (cursor !== undefined) {
      const order = since === undefined ? 1 : compare(cursor, since);
      const tie = known !== undefined && order === 0;
      if (order < 0 || (tie && (incremental?.rangeStart === "open" || seen.has(hashOf(row))))) {
        discarded++;
        continue;
      }
      const rise = highest === undefined ? 1 : compare(cursor, highest);
      if (rise > 0) boundary = new Set();
      if (rise >= 0) {
        highest = cursor;
        boundary.add(hashOf(row));
      }
    }
    if (await normal.add(row)) rows++;
    else discarded++;
  }
  if (incremental && highest !== undefined) {
    state.cursors[resource.name] = highest;
    state.boundaries = { ...state.boundaries, [resource.name]: [...boundary] };
  }
  return { rows, discarded };
}

const hashOf = (row: Row): string =>
  createHash("sha256")
    .update(JSON.stringify(row, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)))
    .digest("base64url")
    .slice(0, 22);

function cursorOf(row: Row, path: string): string | number | undefined {
  const value = Object.entries(row).find(([key]) => normalName(key) === path)?.[1];
  if (value === null || value === undefined) return undefined;
  return value instanceof Date ? value.toISOString() : typeof value === "number" ? value : String(value);
}

const compare = (a: string | number, b: string | number): number => {
  const numbers = [Number(a), Number(b)] as const;
  if (!Number.isNaN(numbers[0]) && !Number.isNaN(numbers[1])) return numbers[0] - numbers[1];
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
};

function planOf(resource: LoadResource, table: string, root: string, pipeline: string): LoadPlan {
  const { writeDisposition = "append", keys } = resource;
  const merges = writeDisposition === "merge" && table === root;
  return {
    stream: `${pipeline}/${resource.name}`,
    mode: writeDisposition === "replace" ? "full-refresh" : "incremental",
    primaryKey: merges ? keys.primary.map(normalName) : [],
    mergeKey: merges ? keys.merge.map(normalName) : [],
    configHash: createHash("sha256")
      .update(JSON.stringify([writeDisposition, keys, resource.columns ?? {}]))
      .digest("hex")
      .slice(0, 16),
  };
}
