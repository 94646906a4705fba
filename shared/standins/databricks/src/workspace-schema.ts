/** Workspace files, jobs and runs. Ids are SQLite row ids, far below 2^53. JSON columns hold what the API was given. */
export const workspaceSchema = `
  PRAGMA journal_mode = WAL;
  PRAGMA busy_timeout = 5000;
  CREATE TABLE IF NOT EXISTS objects (
    id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE, type TEXT NOT NULL CHECK (type IN ('DIRECTORY', 'NOTEBOOK', 'FILE')),
    language TEXT, content BLOB, created_at INTEGER NOT NULL, modified_at INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS ids (id INTEGER PRIMARY KEY AUTOINCREMENT);
  CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY, settings TEXT NOT NULL, created_at INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY, job_id INTEGER NOT NULL, number INTEGER NOT NULL, idempotency_token TEXT UNIQUE, settings TEXT NOT NULL, request TEXT NOT NULL,
    life_cycle TEXT NOT NULL, result TEXT, message TEXT NOT NULL DEFAULT '', cancelled INTEGER NOT NULL DEFAULT 0,
    start_time INTEGER NOT NULL, end_time INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX IF NOT EXISTS runs_by_job ON runs (job_id, id);
  CREATE TABLE IF NOT EXISTS task_runs (
    id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs(id), task_key TEXT NOT NULL, position INTEGER NOT NULL, task TEXT NOT NULL,
    life_cycle TEXT NOT NULL, result TEXT, message TEXT NOT NULL DEFAULT '', output TEXT NOT NULL DEFAULT '{}',
    start_time INTEGER NOT NULL DEFAULT 0, end_time INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX IF NOT EXISTS task_runs_by_run ON task_runs (run_id, position);
`;
