import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Benchmark } from "../benchmark.ts";
import { times } from "../command.ts";
import { sourceFiles } from "../data/source-data.ts";
import { writeSource } from "../data/write.ts";
import { load } from "../loader.ts";
import { psqlTimes, withoutPsql } from "../psql.ts";
import { startStandin } from "../standin.ts";

const columns = "(id bigint, virtual_item text, cost numeric, timestamp timestamptz)";

export const csvPostgres: Benchmark = {
  name: "csv-postgres",
  summary: "CSV -> PostgreSQL beside psql \\copy on the same server, and the memory of the loading process",
  bar: "COPY leg >= 95 % of psql \\copy, staging + swap >= 80 %, memory <= 200 MB at any size",
  unit: "rows/s",
  async run({ root, folder, rows, note }) {
    note(`writing CSV files of ${rows} rows`);
    const source = sourceFiles[0]!;
    // Two files in turn: a load of what is loaded already would find nothing to do.
    const sizes = [rows, rows - 1];
    const files = sizes.map((count, index) => writeSource(source, join(folder, `csv-${index}`), count));
    const tenth = Math.max(1, Math.floor(rows / 10));
    const small = writeSource(source, join(folder, "csv-small"), tenth);
    const missing = withoutPsql();
    const postgres = await startStandin(root, "local_postgres", folder);
    const { variables } = postgres;
    try {
      const rate = (index: number, ms: number) => (sizes[index % 2]! / ms) * 1_000;
      const replicate = (mode: string, csv: string, table: string, count: number) =>
        load({ action: "replicate", file: replication(folder, mode, csv, table), folder }, variables, count);
      const copied: number[] = [];
      const psqlCopy: number[] = [];
      const psqlAll: number[] = [];
      const swapped: number[] = [];
      const truncated: number[] = [];
      const peaks: number[] = [];
      const smallPeaks: number[] = [];
      await replicate("truncate", files[1]!, "truncated", sizes[1]!);
      // Everything in turn, so that a slow minute of the machine meets all of them.
      for (let index = 0; index < 5; index++) {
        note(`round ${index + 1} of 5`);
        const csv = files[index % 2]!;
        const count = sizes[index % 2]!;
        if (!missing) {
          const all = await psqlTimes(
            variables,
            `drop table if exists by_psql;\nbegin;\ncreate table by_psql ${columns};\n\\copy by_psql from '${csv}' with (format csv, header true)\ncommit;\n`,
          );
          psqlCopy.push(rate(index, all.at(-2)!));
          psqlAll.push(
            rate(
              index,
              all.slice(1).reduce((sum, ms) => sum + ms, 0),
            ),
          );
        }
        const create = `drop table if exists by_copy; create table by_copy ${columns}`;
        const copy = "copy by_copy from stdin (format csv, header true)";
        copied.push(rate(index, (await load({ action: "copy", csv, create, copy }, variables, count)).ms));
        const swap = await replicate("full-refresh", csv, "swapped", count);
        swapped.push(rate(index, swap.ms));
        peaks.push(swap.peakBytes / 1e6);
        truncated.push(rate(index, (await replicate("truncate", csv, "truncated", count)).ms));
      }
      smallPeaks.push(
        ...(await times(3, async (index) => (await replicate("full-refresh", small, `small_${index}`, tenth)).peakBytes / 1e6)),
      );
      const beside = (to: string, samples: number[]) => (missing ? { to, missing } : { to, samples });
      return [
        {
          what: `COPY leg, ${rows} rows`,
          unit: "rows/s",
          samples: copied,
          bar: { ratioAtLeast: 0.95 },
          compared: beside("psql \\copy", psqlCopy),
        },
        {
          what: "staging + swap (full-refresh)",
          unit: "rows/s",
          samples: swapped,
          bar: { ratioAtLeast: 0.8 },
          compared: beside("psql create, \\copy, commit", psqlAll),
        },
        {
          what: "truncate-and-insert (truncate)",
          unit: "rows/s",
          samples: truncated,
          compared: beside("psql create, \\copy, commit", psqlAll),
        },
        {
          what: "peak RSS of the loading process",
          unit: "MB",
          samples: peaks,
          figure: "max",
          bar: { atMost: 200 },
          compared: { to: `${tenth} rows`, samples: smallPeaks },
        },
      ];
    } finally {
      await postgres.stop();
    }
  },
};

let written = 0;
function replication(folder: string, mode: string, csv: string, table: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `replication-${++written}.yaml`);
  writeFileSync(
    file,
    `source: LOCAL\ntarget: LOCAL_POSTGRES\nstreams:\n  file://${csv}:\n    object: public.${table}\n    mode: ${mode}\n`,
  );
  return file;
}
