import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { NewEvent } from "@kc/runtime/internal";
import type { Benchmark } from "../benchmark.ts";
import { times } from "../command.ts";

const writers = 16;
const events = 64_000;

export const eventLog: Benchmark = {
  name: "event-log",
  summary: `Events stored per second on SQLite by ${writers} steps that write at one time`,
  bar: ">= 10,000 events/s",
  unit: "events/s",
  async run({ folder }) {
    const rate = async (batch: number, index: number) => {
      const { openSqlite } = await import("@kc/storage/sqlite");
      const storage = openSqlite(join(folder, `log-${batch}-${index}.db`));
      try {
        await storage.createRuns(
          Array.from({ length: writers }, (_, writer) => run(writer)),
          [],
        );
        const total = batch === 1 ? events / 4 : events;
        const began = performance.now();
        await Promise.all(
          Array.from({ length: writers }, async (_, writer) => {
            for (let seq = 0; seq < total / writers; seq += batch)
              await storage.appendEvents(Array.from({ length: batch }, (_, offset) => event(writer, seq + offset)));
          }),
        );
        const ms = performance.now() - began;
        const stored = (await storage.info()).counts["events"];
        if (stored !== total) throw new Error(`${total} events were written and ${stored} are stored`);
        return (total / ms) * 1_000;
      } finally {
        await storage.close();
      }
    };
    return [
      {
        what: `event log, ${writers} writers, 10 events a batch`,
        unit: "events/s",
        samples: await times(3, (index) => rate(10, index)),
        bar: { atLeast: 10_000 },
        compared: {
          to: "bare SQLite inserts",
          samples: await times(3, async (index) => bare(join(folder, `bare-${index}.db`), 10)),
        },
      },
      {
        what: `event log, ${writers} writers, each event alone`,
        unit: "events/s",
        samples: await times(3, (index) => rate(1, index)),
        compared: {
          to: "bare SQLite inserts",
          samples: await times(3, async (index) => bare(join(folder, `bare1-${index}.db`), 1)),
        },
      },
    ];
  },
};

const run = (writer: number) => ({
  id: `run-${writer}`,
  requestId: `request-${writer}`,
  location: "team",
  plan: { location: "team", assets: [`a${writer}`], steps: [], needs: [] },
  needs: [],
  tags: {},
  config: {},
  partition: null,
  runKey: null,
  createdAt: 1,
});

/** What a step writes: mostly log lines, now and then a materialization. */
const event = (writer: number, seq: number): NewEvent =>
  seq % 20 === 19
    ? { type: "materialization", at: seq, runId: `run-${writer}`, seq, step: `a${writer}`, asset: `a${writer}`, metadata: {} }
    : {
        type: "log",
        at: seq,
        runId: `run-${writer}`,
        seq,
        step: `a${writer}`,
        level: "info",
        message: `line ${seq} of the step`,
      };

/** The same rows by prepared statements, a transaction a batch, without projections or contract. */
function bare(path: string, batch: number): number {
  const database = new DatabaseSync(path);
  database.exec(`pragma journal_mode = wal; pragma synchronous = normal;
    create table events (id integer primary key, type text, at integer, run_id text, seq integer, step text, asset text, body text);
    create unique index events_seq on events (run_id, seq);
    create index events_run on events (run_id, id);
    create index events_asset on events (asset, id) where asset is not null`);
  const insert = database.prepare("insert into events (type, at, run_id, seq, step, asset, body) values (?, ?, ?, ?, ?, ?, ?)");
  const total = batch === 1 ? events / 4 : events;
  const began = performance.now();
  for (let from = 0; from < total; from += batch) {
    database.exec("begin");
    for (let offset = 0; offset < batch; offset++) {
      const { type, at, runId, seq, step, asset, ...body } = event(from % writers, from + offset);
      insert.run(type, at, runId ?? null, seq ?? null, step ?? null, asset ?? null, JSON.stringify(body));
    }
    database.exec("commit");
  }
  const ms = performance.now() - began;
  database.close();
  return (total / ms) * 1_000;
}
