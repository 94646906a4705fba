import { type Command, duration, jsonOption, number, UsageError } from "../command.ts";
import { nearOrAll } from "../nearest-name.ts";
import { table } from "../table.ts";

export const command: Command = {
  summary: "Measure kc beside its bars and beside what a user would pick instead.",
  usage: "[benchmarks…] [--rows N] [--soak DURATION] [--seconds N] [--seed N]",
  options: {
    ...jsonOption,
    list: { type: "boolean", short: "l", description: "List the benchmarks and their bars" },
    rows: { type: "string", value: "N", description: "Rows of the data benchmarks (default 1000000)" },
    soak: { type: "string", value: "DURATION", description: "How long the soak lasts (default 30s)" },
    seconds: { type: "string", value: "N", description: "How long faults are injected on each storage (default 20)" },
    seed: { type: "string", value: "N", description: "Repeats the faults of a seed (default: a new one)" },
  },
  examples: [
    ["kc bench", "all of them; keep the machine idle meanwhile"],
    ["kc bench --list", "what there is, and the bars"],
    ["kc bench soak --soak 1h", "a schedule every second, for an hour"],
    ["kc bench faults --seconds 600 --seed 7", "random kills under a random workload, for ten minutes on each storage"],
    ["kc bench csv-postgres --rows 5000000", "one of them, on more rows"],
  ],
  async run({ values, positionals, context }) {
    const { benchmarks, cells, headings, machine, NotMeasured, runBenchmark } = await import("@kc/bench");
    const rows = number(values, "rows") ?? 1_000_000;
    if (rows < 100) throw new UsageError("--rows must be at least 100");
    const soakMs = (await duration(values, "soak")) ?? 30_000;
    if (soakMs < 5_000) throw new UsageError("--soak must be at least 5s");
    const seconds = number(values, "seconds") ?? 20;
    if (seconds < 1) throw new UsageError("--seconds must be at least 1");
    const seed = number(values, "seed") ?? Math.floor(Math.random() * 1e9);
    const unknown = positionals.find((name) => !benchmarks.some((one) => one.name === name));
    if (unknown)
      throw new UsageError(
        `there is no benchmark "${unknown}".${nearOrAll(
          unknown,
          benchmarks.map((one) => one.name),
        )}`,
      );
    const chosen = positionals.length > 0 ? benchmarks.filter((one) => positionals.includes(one.name)) : benchmarks;
    if (values.list) {
      const list = chosen.map(({ name, summary, bar, unit }) => ({ name, summary, bar, unit }));
      context.print(
        values.json
          ? JSON.stringify(list, null, 2)
          : table(
              ["benchmark", "measures", "bar"],
              list.map((one) => [one.name, one.summary, one.bar]),
            ),
      );
      return 0;
    }
    const on = machine();
    context.warn(`${on.cores} cores, ${on.cpu}, ${on.memoryGb} GB, Node ${on.node}, load ${on.load}`);
    const measured = [];
    const skipped: { benchmark: string; reason: string }[] = [];
    const failed: { benchmark: string; error: string }[] = [];
    for (const benchmark of chosen) {
      context.warn(`${benchmark.name}: ${benchmark.summary}`);
      try {
        measured.push(
          ...(await runBenchmark(benchmark, {
            root: context.root,
            rows,
            soakMs,
            seconds,
            seed,
            note: (line) => context.warn(`  ${line}`),
          })),
        );
      } catch (error) {
        if (error instanceof NotMeasured) skipped.push({ benchmark: benchmark.name, reason: error.message });
        else failed.push({ benchmark: benchmark.name, error: (error as Error).stack ?? String(error) });
      }
    }
    if (values.json) context.print(JSON.stringify({ machine: on, measured, skipped, failed }, null, 2));
    else {
      context.print(table(headings, measured.map(cells)));
      for (const { benchmark, reason } of skipped) context.print(`${benchmark}: not measured: ${reason}`);
    }
    for (const { benchmark, error } of failed) context.warn(`${benchmark} failed: ${error}`);
    return failed.length > 0 ? 1 : 0;
  },
};
