import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Invocation, invokeDbt, type SqlExecutor } from "../src/index.ts";

export const target = { name: "dev", database: "test", schema: "main", threads: 2 };

const main = "name: shop\nversion: '1.0'\n";

/** A dbt project in a temporary folder: files by path; `dbt_project.yml` has a default. */
export function projectFolder(files: Record<string, string>): {
  path: string;
  write(file: string, text: string): void;
  [Symbol.dispose](): void;
} {
  const path = mkdtempSync(join(tmpdir(), "kc-dbt-"));
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), text);
  };
  for (const [file, text] of Object.entries({ "dbt_project.yml": main, ...files })) write(file, text);
  return { path, write, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** An executor for tests that must not reach any database. */
export const noDatabase: SqlExecutor = {
  execute: (sql) => Promise.reject(new Error(`no statement expected: ${sql}`)),
};

/** Runs a command and keeps its log. */
export async function dbt(
  command: string,
  projectDir: string,
  executor: SqlExecutor = noDatabase,
  more: { env?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Invocation & { lines: string[] }> {
  const lines: string[] = [];
  const out = await invokeDbt(command, {
    projectDir,
    target,
    executor,
    env: {},
    log: (line) => lines.push(line.slice(10)),
    ...more,
  });
  return { ...out, lines };
}
