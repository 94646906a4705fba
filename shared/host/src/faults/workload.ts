// The locations of the fault-injection suite: a bit of everything that a daemon decides about. Every step that comes to its
// end leaves a mark outside of kc, so that what the log claims can be held against what happened.

const runtime = ["@kc", "runtime"].join("/");
const before = `import { anyDepsUpdated, asset, defineLocation, schedule, sensor, staticPartitions } from "${runtime}";
import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
const mark = (env, run, key, partition) => appendFileSync(join(env.OUTPUT_DIR, "marks.txt"), [run.id, key, partition ?? ""].join(" ") + "\\n");
const pause = (ms, signal) => new Promise((resolve, reject) => { const timer = setTimeout(resolve, ms); signal.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }); });
`;

export const faultLocations: Record<string, string> = {
  one: `${before}
export default defineLocation({ name: "one", assets: [
  asset({ key: "one/tick", materialize({ env, run }) { mark(env, run, "one/tick"); } }),
  asset({ key: "one/sensed", materialize({ env, run }) { mark(env, run, "one/sensed"); } }),
  asset({ key: "one/a", async materialize({ env, run, signal }) { await pause(50, signal); mark(env, run, "one/a"); } }),
  asset({ key: "one/b", deps: ["one/a"], automation: anyDepsUpdated(), materialize({ env, run }) { mark(env, run, "one/b"); } }),
  asset({ key: "one/flaky", retry: { max: 3, delay: "100ms" }, materialize({ env, run }) { if (Math.random() < 0.4) throw new Error("told to fail"); mark(env, run, "one/flaky"); } }),
  asset({ key: "one/pooled", pool: "slots", async materialize({ env, run, signal }) { await pause(150, signal); mark(env, run, "one/pooled"); } }),
  asset({ key: "one/flood", materialize({ env, run, log }) { for (let at = 0; at < 3000; at++) log.info("line " + at); mark(env, run, "one/flood"); } }),
  asset({ key: "one/parent", async materialize({ env, run, signal }) { spawn("sleep", ["600"], { stdio: "ignore", detached: Math.random() < 0.5 }); await pause(200, signal); mark(env, run, "one/parent"); } }),
  asset({ key: "one/day", partitions: staticPartitions(["d1", "d2", "d3", "d4", "d5", "d6"]), materialize({ env, run, partition }) { mark(env, run, "one/day", partition); } }),
],
schedules: [schedule({ name: "each_second", cron: "* * * * * *", target: "one/tick", missed: { catchUp: 1000 }, defaultStatus: "running" })],
sensors: [sensor({ name: "counts", interval: "1s", target: "one/sensed", defaultStatus: "running", run: ({ cursor }) => { const next = Number(cursor ?? 0) + 1; return { cursor: String(next), runs: [{ runKey: "n" + next }] }; } }),
  sensor({ name: "exits", interval: "2s", defaultStatus: "running", run: () => { if (Math.random() < 0.3) process.exit(1); return {}; } })],
});
`,
  two: `${before}
export default defineLocation({ name: "two", assets: [
  asset({ key: "two/c", deps: ["one/b"], automation: anyDepsUpdated(), materialize({ env, run }) { mark(env, run, "two/c"); } }),
  asset({ key: "two/d", deps: ["one/pooled", "two/c"], materialize({ env, run }) { mark(env, run, "two/d"); } }),
] });
`,
};

/** kc.yaml of the suite. @param schema of the database that DATABASE_URL names; without it the storage is an SQLite file. */
export const faultSettings = (schema?: string): string =>
  `${schema ? `storage: { postgres: { url: env:DATABASE_URL, schema: ${schema} } }\n` : ""}runs: { max_concurrent: 6, cancel_grace: 500ms, start_timeout: 20s }
pools: { slots: 2 }
daemon: { lease_ttl: 3s }
`;

/** What is asked for by hand. */
export const selections = [
  "one/a",
  "one/flaky",
  "one/pooled",
  "one/flood",
  "one/parent",
  "one/pooled or two/c or two/d",
  "one/a or one/b or two/c",
];
