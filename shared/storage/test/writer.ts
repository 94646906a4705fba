import { writeSync } from "node:fs";
import { openSqlite } from "../src/sqlite.ts";

// Appends batches until it is killed and writes the number of the last event of each that was acknowledged.
const storage = openSqlite(process.argv[2]!);
const run = {
  id: "r1",
  requestId: "q1",
  location: "team",
  needs: [],
  tags: {},
  config: {},
  partition: null,
  runKey: null,
  createdAt: 1,
};
const plan = { location: "team", assets: ["a"], steps: [], needs: [] };
await storage.createRuns([{ ...run, plan }], [{ type: "run_started", at: 1, runId: "r1" }]);
for (let seq = 1; ; seq += 20) {
  const message = "x".repeat(200);
  await storage.appendEvents(
    Array.from({ length: 20 }, (_, at) => ({ type: "log", at: 1, runId: "r1", seq: seq + at, message })),
  );
  writeSync(1, `${seq + 19}\n`);
}
