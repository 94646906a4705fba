import type { Benchmark } from "./benchmark.ts";
import { automation } from "./benchmarks/automation.ts";
import { automationLatency } from "./benchmarks/automation-latency.ts";
import { cachedTest } from "./benchmarks/cached-test.ts";
import { csvPostgres } from "./benchmarks/csv-postgres.ts";
import { devStart } from "./benchmarks/dev-start.ts";
import { eventLog } from "./benchmarks/event-log.ts";
import { faults } from "./benchmarks/faults.ts";
import { graph } from "./benchmarks/graph.ts";
import { launcher } from "./benchmarks/launcher.ts";
import { memory } from "./benchmarks/memory.ts";
import { partitions } from "./benchmarks/partitions.ts";
import { postgresDelta } from "./benchmarks/postgres-delta.ts";
import { queue } from "./benchmarks/queue.ts";
import { reload } from "./benchmarks/reload.ts";
import { soak } from "./benchmarks/soak.ts";
import { step } from "./benchmarks/step.ts";
import { submit } from "./benchmarks/submit.ts";
import { workspaceLoad } from "./benchmarks/workspace-load.ts";

export { type Benchmark, NotMeasured } from "./benchmark.ts";
export { cells, headings, type Row } from "./report.ts";
export { type Machine, machine, runBenchmark } from "./run.ts";

/** Every benchmark, in the order in which they run. What is heavy they load themselves. */
export const benchmarks: readonly Benchmark[] = [
  launcher,
  devStart,
  submit,
  step,
  queue,
  partitions,
  workspaceLoad,
  reload,
  automationLatency,
  eventLog,
  automation,
  graph,
  csvPostgres,
  postgresDelta,
  cachedTest,
  soak,
  faults,
  memory,
];
