import { join } from "node:path";
import { type Benchmark, NotMeasured } from "../benchmark.ts";
import { timed, times } from "../command.ts";

export const cachedTest: Benchmark = {
  name: "cached-test",
  summary: "./kc test with nothing changed",
  bar: "<= 2 s",
  unit: "ms",
  async run({ root }) {
    const turbo = join(root, "node_modules", ".bin", "turbo");
    const dry = await timed(turbo, ["run", "//#lint", "//#knip", "check", "test", "--dry=json"], {
      cwd: root,
      env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1" },
    });
    const plan = JSON.parse(dry.stdout) as {
      tasks: { taskId: string; command: string; cache: { status: string } }[];
    };
    const stale = plan.tasks.filter((task) => task.cache.status !== "HIT" && task.command !== "<NONEXISTENT>");
    if (stale.length > 0)
      throw new NotMeasured(`${stale.length} tasks are not in the cache (${stale[0]!.taskId}, …): run ./kc test first`);
    const test = async () => (await timed(join(root, "kc"), ["test"], { cwd: root, env: { ...process.env, CI: "1" } })).ms;
    await test();
    return [{ what: "./kc test, nothing changed", unit: "ms", samples: await times(5, test), bar: { atMost: 2_000 } }];
  },
};
