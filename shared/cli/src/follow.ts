import { type ApiClient, followRuns, type RequestEnd, type Run, type RunEvent, type Submitted } from "@kc/host/client";
import type { CommandContext } from "./command.ts";
import { partitionText } from "./run-cause.ts";
import { UserError } from "./user-error.ts";

const time = (event: RunEvent): string => event.at.slice(11, 19);

/** What lines say of a run. */
export type RunName = Pick<Run, "location" | "partition" | "assets" | "checks" | "tags">;

/** One line for an event, as `kc materialize` and `kc runs logs` show it; undefined for events that say nothing to a person. */
export function eventLine(event: RunEvent, runOf: (runId: string) => RunName | undefined): string | undefined {
  const run = runOf(event.runId ?? "");
  const who = `${time(event)} ${(run?.location ?? "").padEnd(11)}`;
  const what = `${event.asset ?? event.step ?? ""}${of(event.partition)}`;
  const named = `run ${event.runId}${run ? ` of ${runText(run)}` : ""}`;
  switch (event.type) {
    case "run_queued":
      return event.message ? `${who} ${named} queued: ${event.message}` : undefined;
    case "step_waiting":
      return `${who}   ${event.step} ${event.message}`;
    case "run_started":
      return `${who} ${named} started`;
    case "run_succeeded":
      return `${who} ${named} succeeded`;
    case "run_failed":
    case "run_cancelled":
    case "run_skipped":
      return `${who} ${named} ${event.type.slice(4)}${event.message ? `: ${event.message}` : ""}${event.error?.hint ? `\n${" ".repeat(21)}${event.error.hint}` : ""}`;
    case "materialization":
      return `${who} ✓ ${what}${facts(event)}`;
    case "unchanged":
      return `${who} = ${what} is unchanged`;
    case "check_result":
      return `${who} ${event.check!.passed ? "✓" : event.check!.severity === "WARN" ? "!" : "✗"} check ${event.asset ?? ""}:${event.check!.name}${of(event.partition)}${event.check!.description && !event.check!.passed ? `: ${event.check!.description}` : ""}`;
    case "step_failed":
      return `${who} ✗ ${what}: ${event.error?.where ? `${event.error.where}: ` : ""}${event.error?.message ?? "failed"}${event.error?.hint ? `\n${" ".repeat(23)}${event.error.hint}` : ""}${event.error?.stack && !event.error.user ? `\n${event.error.stack}` : ""}`;
    case "step_retry":
      return `${who} ↻ ${what}: try ${event.attempt} failed: ${event.error?.message}`;
    case "step_skipped":
      return `${who} - ${what} skipped: ${event.message}`;
    case "log":
      return `${who}   ${event.step ?? ""}: ${event.level === "info" || event.stream !== "logger" ? "" : `${event.level}: `}${event.message}`;
    default:
      return undefined;
  }
}

const of = (partition: string | null | undefined): string => (partition ? ` [${partitionText(partition)}]` : "");

/** What a run is of, in a line: its job, or what it makes or checks; and its partitions. */
function runText({ tags, checks, assets, partition }: RunName): string {
  const all = checks.length > 0 ? checks.map((check) => `check ${check}`) : assets;
  const some = all.length > 2 ? `${all[0]} and ${all.length - 1} more` : all.join(" and ");
  const what = tags["kc/job"] ? `job ${tags["kc/job"]}` : some;
  return `${what}${of(partition)}`;
}

function facts(event: RunEvent): string {
  const shown = Object.entries(event.metadata ?? {})
    .filter(
      ([, { type, value }]) =>
        type === "number" || type === "row_count" || (type === "text" && String(value).length < 40) || type === "path",
    )
    .slice(0, 4)
    .map(([name, { value }]) => `${name}=${typeof value === "number" ? value.toLocaleString("en-US") : value}`);
  return shown.length > 0 ? `  ${shown.join(" ")}` : "";
}

/**
 * Prints what the runs of a request do until all have ended. On a terminal the last line is a progress bar.
 * @returns whether all of them succeeded.
 */
export async function followRequest(
  api: ApiClient,
  submitted: Submitted,
  context: CommandContext,
  options: { verbose: boolean },
): Promise<boolean> {
  const runs = new Map(submitted.runs.map((run) => [run.id, run]));
  const assets = new Set(submitted.runs.flatMap((run) => run.assets));
  const done = new Set<string>();
  const ended: RequestEnd = new Map();
  const bar = progress(context, assets.size);
  for await (const event of followRuns(api, submitted, ended)) {
    if (event.type === "run_queued" && event.runId && !runs.has(event.runId)) runs.set(event.runId, await api.run(event.runId));
    const line =
      options.verbose || event.type !== "log" || event.level === "warn" || event.level === "error" || event.stream === "logger"
        ? eventLine(event, (id) => runs.get(id))
        : undefined;
    if (line) bar.print(line);
    if (event.asset && /^step_(succeeded|failed|skipped)$/.test(event.type)) done.add(event.asset);
    bar.show(done.size);
  }
  bar.end();
  if (submitted.runs.length > 0 && ended.size < submitted.runs.length)
    throw new UserError(
      "the platform ended while its runs were followed",
      "What they had done is kept: kc runs list. The platform's log is .kc/logs/host.log.",
    );
  return [...ended.values()].every((end) => end === "succeeded");
}

function progress(context: CommandContext, total: number) {
  const out = process.stdout;
  let shown = "";
  const clear = () => {
    if (shown) out.write("\r\x1b[K");
  };
  return {
    print(line: string) {
      clear();
      context.print(line);
      if (shown) out.write(shown);
    },
    show(done: number) {
      if (!context.interactive || total < 2) return;
      const width = 24;
      const filled = Math.round((done / total) * width);
      clear();
      shown = `[${"█".repeat(filled)}${"░".repeat(width - filled)}] ${done} of ${total} assets`;
      out.write(shown);
    },
    end() {
      clear();
      shown = "";
    },
  };
}
