import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";

/** A record as it is kept: a JSON document with a few columns to find it by. */
export type Doc = Record<string, unknown> & { id: number };
export type Kind = "project" | "environment" | "repository" | "job";

export interface StepRow {
  index: number;
  name: string;
  status: number;
  logs: string;
  started_at: number | null;
  finished_at: number | null;
}

/** A run. Instants are milliseconds since 1970, UTC. */
export interface RunRow {
  id: number;
  job_id: number;
  project_id: number;
  environment_id: number;
  status: number;
  status_message: string | null;
  created_at: number;
  updated_at: number;
  dequeued_at: number | null;
  started_at: number | null;
  finished_at: number | null;
  /** The trigger as it was given. */
  trigger: Record<string, unknown>;
  /** The commands, once they are known. */
  commands: string[];
}

/** dbt Cloud's own numbers. */
export const status = { queued: 1, starting: 2, running: 3, success: 10, error: 20, cancelled: 30 } as const;

const schema = `
create table if not exists docs (kind text not null, id integer not null, body text not null, deleted integer not null default 0, primary key (kind, id)) strict;
create table if not exists runs (
  id integer primary key, job_id integer not null, project_id integer not null, environment_id integer not null, status integer not null, status_message text,
  created_at integer not null, updated_at integer not null, dequeued_at integer, started_at integer, finished_at integer, trigger text not null, commands text not null
) strict;
create index if not exists runs_by_job on runs (job_id, id);
create index if not exists runs_by_end on runs (finished_at, id);
create table if not exists steps (
  run_id integer not null, "index" integer not null, name text not null, status integer not null, logs text not null, started_at integer, finished_at integer, primary key (run_id, "index")
) strict;
create table if not exists artifacts (run_id integer not null, step integer not null, path text not null, body text not null, primary key (run_id, step, path)) strict;
pragma user_version = 1;
`;

/** First id of each kind, so that ids of different kinds are not mistaken for each other. */
const firstId = { project: 101, environment: 201, repository: 301, job: 1001 } as const;
const firstRun = 70_001;

const runColumns = new Set(["id", "created_at", "finished_at", "started_at", "status", "job_id", "project_id", "environment_id"]);

/** The state of the stand-in: one SQLite file, every change one transaction, so that kill -9 leaves it whole. */
export function openStore(folder: string) {
  mkdirSync(folder, { recursive: true });
  const db = new DatabaseSync(join(folder, "dbt-cloud.sqlite"));
  db.exec("pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 5000;");
  db.exec(schema);
  const doc = (row: Record<string, unknown> | undefined): Doc | undefined =>
    row ? (JSON.parse(row.body as string) as Doc) : undefined;
  const runOf = (row: Record<string, unknown>): RunRow => ({
    ...(row as unknown as RunRow),
    trigger: JSON.parse(row.trigger as string) as RunRow["trigger"],
    commands: JSON.parse(row.commands as string) as string[],
  });
  return {
    /** Adds a record under the next id of its kind. */
    add(kind: Kind, body: Record<string, unknown>): Doc {
      const last = db.prepare("select max(id) as last from docs where kind = ?").get(kind)?.last as number | null;
      const made = { ...body, id: last === null ? firstId[kind] : last + 1 };
      db.prepare("insert into docs (kind, id, body) values (?, ?, ?)").run(kind, made.id, JSON.stringify(made));
      return made;
    },
    get: (kind: Kind, id: number): Doc | undefined =>
      doc(db.prepare("select body from docs where kind = ? and id = ? and deleted = 0").get(kind, id)),
    list: (kind: Kind): Doc[] =>
      db
        .prepare("select body from docs where kind = ? and deleted = 0 order by id")
        .all(kind)
        .map((row) => doc(row)!),
    put(kind: Kind, body: Doc): Doc {
      db.prepare("update docs set body = ? where kind = ? and id = ?").run(JSON.stringify(body), kind, body.id);
      return body;
    },
    remove: (kind: Kind, id: number) => void db.prepare("update docs set deleted = 1 where kind = ? and id = ?").run(kind, id),

    addRun(run: Pick<RunRow, "job_id" | "project_id" | "environment_id" | "trigger" | "commands">, now: number): RunRow {
      const last = db.prepare("select max(id) as last from runs").get()?.last as number | null;
      const id = last === null ? firstRun : last + 1;
      db.prepare(
        "insert into runs (id, job_id, project_id, environment_id, status, created_at, updated_at, trigger, commands) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      ).run(
        id,
        run.job_id,
        run.project_id,
        run.environment_id,
        status.queued,
        now,
        now,
        JSON.stringify(run.trigger),
        JSON.stringify(run.commands),
      );
      return this.run(id)!;
    },
    run(id: number): RunRow | undefined {
      const row = db.prepare("select * from runs where id = ?").get(id);
      return row ? runOf(row) : undefined;
    },
    /** Runs by conditions in SQL over columns of the table; values are always bound. */
    runs(
      conditions: [string, SQLInputValue][],
      order: { column: string; descending: boolean },
      limit: number,
      offset: number,
    ): { runs: RunRow[]; total: number } {
      if (!runColumns.has(order.column)) throw new Error(`no column ${order.column}`);
      const where = conditions.length === 0 ? "" : `where ${conditions.map(([sql]) => sql).join(" and ")}`;
      const values = conditions.map(([, value]) => value);
      const direction = order.descending ? "desc" : "asc";
      const rows = db
        .prepare(`select * from runs ${where} order by ${order.column} ${direction}, id ${direction} limit ? offset ?`)
        .all(...values, limit, offset);
      const total = db.prepare(`select count(*) as total from runs ${where}`).get(...values)?.total as number;
      return { runs: rows.map(runOf), total };
    },
    setRun(
      id: number,
      change: Partial<Pick<RunRow, "status" | "status_message" | "dequeued_at" | "started_at" | "finished_at">>,
      now: number,
    ): void {
      const entries = Object.entries({ ...change, updated_at: now }) as [string, SQLInputValue][];
      db.prepare(`update runs set ${entries.map(([name]) => `${name} = ?`).join(", ")} where id = ?`).run(
        ...entries.map(([, value]) => value),
        id,
      );
    },
    steps: (run: number): StepRow[] =>
      db
        .prepare('select "index", name, status, logs, started_at, finished_at from steps where run_id = ? order by "index"')
        .all(run) as unknown as StepRow[],
    setStep(run: number, step: StepRow): void {
      db.prepare(
        'insert or replace into steps (run_id, "index", name, status, logs, started_at, finished_at) values (?, ?, ?, ?, ?, ?, ?)',
      ).run(run, step.index, step.name, step.status, step.logs, step.started_at, step.finished_at);
    },
    addLogs: (run: number, index: number, text: string) =>
      void db.prepare('update steps set logs = logs || ? where run_id = ? and "index" = ?').run(text, run, index),
    setArtifact: (run: number, step: number, path: string, body: string) =>
      void db
        .prepare("insert or replace into artifacts (run_id, step, path, body) values (?, ?, ?, ?)")
        .run(run, step, path, body),
    artifactPaths: (run: number): string[] =>
      db
        .prepare("select distinct path from artifacts where run_id = ? order by path")
        .all(run)
        .map((row) => row.path as string),
    /** The artifact of one step, or of the last step that made it. */
    artifact(run: number, path: string, step?: number): string | undefined {
      const row =
        step === undefined
          ? db.prepare("select body from artifacts where run_id = ? and path = ? order by step desc limit 1").get(run, path)
          : db.prepare("select body from artifacts where run_id = ? and path = ? and step = ?").get(run, path, step);
      return row?.body as string | undefined;
    },
    /** Drops logs and artifacts of all but the latest runs; the runs themselves stay. */
    prune(keep: number): void {
      const oldest = db.prepare("select id from runs order by id desc limit 1 offset ?").get(keep)?.id as number | undefined;
      if (oldest === undefined) return;
      db.prepare("delete from artifacts where run_id <= ?").run(oldest);
      db.prepare("delete from steps where run_id <= ?").run(oldest);
    },
    close: () => db.close(),
  };
}

export type Store = ReturnType<typeof openStore>;
