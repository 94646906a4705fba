import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Benchmark } from "../benchmark.ts";
import { load } from "../loader.ts";
import { psqlTimes, withoutPsql } from "../psql.ts";
import { startStandin } from "../standin.ts";

export const postgresDelta: Benchmark = {
  name: "postgres-delta",
  summary: "PostgreSQL -> Delta through the local Databricks workspace, beside psql \\copy into a file",
  bar: ">= 0.8M narrow rows/s",
  unit: "rows/s",
  async run({ root, folder, rows, note }) {
    const postgres = await startStandin(root, "local_postgres", folder);
    const databricks = await startStandin(root, "databricks", folder);
    const variables = { ...postgres.variables, ...databricks.variables };
    const missing = withoutPsql();
    try {
      note(`a table of ${rows} rows`);
      await fill(variables, rows);
      const file = join(folder, "to-delta.yaml");
      writeFileSync(
        file,
        "source: LOCAL_POSTGRES\ntarget: DATABRICKS\nstreams:\n  public.narrow:\n    object: main.narrow\n    mode: full-refresh\n",
      );
      const loaded: number[] = [];
      const copied: number[] = [];
      const peaks: number[] = [];
      for (let index = 0; index < 5; index++) {
        note(`round ${index + 1} of 5`);
        // Another value each time: the same content would be found unchanged.
        await statement(variables, `update public.narrow set amount = ${index} where id = 1`);
        if (!missing) {
          const [ms] = await psqlTimes(variables, `\\copy public.narrow to '${join(folder, "out.csv")}' with (format csv)\n`);
          copied.push((rows / ms!) * 1_000);
        }
        const done = await load({ action: "replicate", file, folder }, variables, rows);
        loaded.push((rows / done.ms) * 1_000);
        peaks.push(done.peakBytes / 1e6);
      }
      const compared = missing ? { to: "psql \\copy to a file", missing } : { to: "psql \\copy to a file", samples: copied };
      return [
        { what: `PostgreSQL -> Delta, ${rows} rows of 3`, unit: "rows/s", samples: loaded, bar: { atLeast: 800_000 }, compared },
        { what: "peak RSS of the loading process", unit: "MB", samples: peaks, figure: "max" },
      ];
    } finally {
      await Promise.all([databricks.stop(), postgres.stop()]);
    }
  },
};

async function fill(variables: Record<string, string>, rows: number): Promise<void> {
  await statement(
    variables,
    `create table public.narrow as select i::bigint as id, (i % 1000)::int as amount, 'item ' || (i % 100) as item from generate_series(1, ${rows}) i`,
  );
}

async function statement(variables: Record<string, string>, sql: string): Promise<void> {
  const { postgresClient } = await import("@kc/connector-postgres");
  const db = postgresClient({
    host: variables["LOCAL_POSTGRES_HOST"]!,
    port: Number(variables["LOCAL_POSTGRES_PORT"]),
    user: variables["LOCAL_POSTGRES_USER"]!,
    password: variables["LOCAL_POSTGRES_PASSWORD"]!,
    database: variables["LOCAL_POSTGRES_DATABASE"] ?? "postgres",
  });
  try {
    await db.query(sql);
  } finally {
    await db.close();
  }
}
