import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Command, CommandContext } from "../command.ts";
import { listPackages, type Package, packageName } from "../packages.ts";
import { turbo } from "../turbo.ts";

export const command: Command = {
  summary: "Check and test everything, or one team's part. What has not changed is not run again.",
  usage: "[locations or packages…] [--affected] [--force]",
  options: {
    force: { type: "boolean", description: "Run everything, whatever the cache has" },
    affected: { type: "boolean", description: "Only what changed since main, and what depends on it" },
  },
  examples: [
    ["kc test", "every check and test of the repository"],
    ["kc test ingestion", "one team's"],
    ["kc test @kc/runtime", "one shared package's"],
    ["kc test --affected", "what changed since main, and what depends on it"],
  ],
  async run({ values, positionals, context }) {
    const { findLocations, writeDeclarations } = await import("@kc/host/workspace");
    writeDeclarations(findLocations(context.root).locations);
    const packages = listPackages(context.root);
    const wanted = positionals.length > 0 ? positionals : context.location ? [context.location] : [];
    const filters = wanted.map((name) => `--filter=${packageName(packages, name)}`);
    const summaries = join(context.root, ".turbo", "runs");
    rmSync(summaries, { recursive: true, force: true });
    const tasks = filters.length === 0 && !values.affected ? ["//#lint", "//#knip", "check", "test"] : ["check", "test"];
    const code = await turbo(context, [
      "run",
      ...tasks,
      "--continue",
      // Suites start databases of their own: more of them at a time than cores only makes each wait for the others.
      `--concurrency=${Math.max(2, availableParallelism())}`,
      "--summarize",
      "--output-logs=new-only",
      ...(values.force ? ["--force"] : []),
      ...(values.affected ? ["--affected"] : []),
      ...filters,
    ]);
    const total = count(context, packages, summaries, code);
    context.print(`${total.passed} passed, ${total.failed} failed`);
    return code === 0 && total.failed === 0 && (total.passed > 0 || values.affected) ? 0 : 1;
  },
};

/** Adds up the results of the suites that took part; a task that failed without a failing test counts as one failure. */
function count(
  context: CommandContext,
  packages: readonly Package[],
  summaries: string,
  code: number,
): { passed: number; failed: number } {
  const file = existsSync(summaries) ? readdirSync(summaries).find((name) => name.endsWith(".json")) : undefined;
  const tasks = file
    ? (
        JSON.parse(readFileSync(join(summaries, file), "utf8")) as {
          tasks: { taskId: string; task: string; package: string; execution?: { exitCode: number | null } }[];
        }
      ).tasks
    : [];
  let passed = 0;
  let failed = 0;
  for (const { task, taskId, package: name, execution } of tasks) {
    const bad = execution !== undefined && execution.exitCode !== 0;
    const results =
      task === "test" ? join(packages.find((one) => one.name === name)?.folder ?? "", "test-results.json") : undefined;
    if (results && existsSync(results)) {
      const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(results, "utf8")) as {
        numPassedTests: number;
        numFailedTests: number;
      };
      passed += numPassedTests;
      failed += numFailedTests > 0 ? numFailedTests : bad ? 1 : 0;
    } else if (bad) failed += 1;
    if (bad) context.warn(`failed: ${taskId}`);
  }
  if (code !== 0 && failed === 0) failed = 1;
  return { passed, failed };
}
