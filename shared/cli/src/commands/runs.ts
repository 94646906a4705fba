import type { ApiClient, Run, RunEvent } from "@kc/host/client";
import { type Command, type CommandContext, jsonOption, noMore, number, requireVerb, text, UsageError } from "../command.ts";
import { eventLine, followRequest } from "../follow.ts";
import { withHost } from "../host.ts";
import { causeOf, partitionText } from "../run-cause.ts";
import { tellStandingBy } from "../standing-by.ts";
import { ago, table } from "../table.ts";
import { UserError } from "../user-error.ts";

const verbs = ["list", "show", "logs", "cancel", "retry"];

export const command: Command = {
  summary: "List, show, follow, cancel and retry runs.",
  usage: "<list | show ID | logs ID | cancel ID | retry ID>",
  verbs,
  defaultVerb: "list",
  options: {
    ...jsonOption,
    status: { type: "string", value: "STATUS", of: ["list"], description: "Only these statuses, joined by commas" },
    asset: { type: "string", value: "KEY", of: ["list"], description: "Only runs that target the asset" },
    location: {
      type: "string",
      value: "NAME",
      of: ["list"],
      description: "Only runs of the location (default: that of the folder)",
    },
    tag: { type: "string", value: "NAME=VALUE", of: ["list"], description: "Only runs with the tag" },
    limit: { type: "string", short: "n", value: "N", of: ["list"], description: "At most so many (default 20)" },
    step: { type: "string", value: "STEP", of: ["logs"], description: "Only this step" },
    level: {
      type: "string",
      value: "LEVELS",
      of: ["logs"],
      description: "Only lines of these levels (debug, info, warn, error), joined by commas",
    },
    from: { type: "string", value: "failure | scratch", of: ["retry"], description: "What did not succeed (default), or all" },
    follow: { type: "boolean", short: "f", of: ["logs"], description: "Go on until the run ends" },
  },
  examples: [
    ["kc runs list --status failed,running", "what failed or runs"],
    ["kc runs list --location dbt --tag kc/job=nightly", "the runs of a job"],
    ["kc runs logs ID -f", "a run's lines as they come"],
    ["kc runs logs ID --step orders -f", "one step's lines alone"],
    ["kc runs retry ID", "a run or request again, only what did not succeed"],
    ["kc runs retry ID --from scratch", "all of it"],
  ],
  async run({ values, positionals, context }) {
    const [verb = "list", id, ...more] = positionals;
    requireVerb("runs", verb, verbs);
    noMore(verb === "list" && id !== undefined ? [id, ...more] : more);
    if (verb !== "list" && !id) throw new UsageError(`which run? kc runs list shows their ids`);
    const from = text(values, "from") ?? "failure";
    if (!["failure", "scratch"].includes(from)) throw new UsageError(`--from "${from}": there are failure and scratch`);
    const limit = number(values, "limit") ?? 20;
    return withHost(context, async ({ api }) => {
      if (verb === "list")
        return list(api, context, {
          json: values.json === true,
          limit,
          status: text(values, "status"),
          asset: text(values, "asset"),
          location: text(values, "location") ?? context.location,
          tag: text(values, "tag"),
        });
      if (verb === "show") return show(api, context, id!, values.json === true);
      if (verb === "logs")
        return logs(api, context, id!, {
          follow: values.follow === true,
          step: text(values, "step"),
          level: text(values, "level"),
        });
      if (verb === "cancel") {
        const run = await api.cancel(id!);
        context.print(`run ${run.id} is ${run.status}`);
        return 0;
      }
      await api.settled();
      const strategy = from === "scratch" ? "from_scratch" : "from_failure";
      return (await followRequest(api, await api.reexecute(id!, strategy), context, { verbose: false })) ? 0 : 1;
    });
  },
};

async function list(
  api: ApiClient,
  context: CommandContext,
  { json, ...query }: { json: boolean } & Parameters<ApiClient["runs"]>[0],
): Promise<number> {
  const runs = await api.runs(query);
  if (json) context.print(JSON.stringify(runs, null, 2));
  else
    context.print(
      table(
        ["run", "status", "location", "assets", "partition", "created", "why"],
        runs.map((run) => [
          run.id,
          run.status,
          run.location,
          targetOf(run),
          partitionText(run.partition),
          ago(run.createdAt),
          run.waitsFor ?? run.reason ?? causeOf(run.tags),
        ]),
        context.interactive ? process.stdout.columns : undefined,
      ),
    );
  return 0;
}

function targetOf({ assets, checks }: Run): string {
  if (checks.length > 0) return checks.length === 1 ? checks[0]! : `${checks.length} checks`;
  return assets.length === 1 ? assets[0]! : `${assets.length} assets`;
}

async function show(api: ApiClient, context: CommandContext, id: string, json: boolean): Promise<number> {
  const run = await api.run(id);
  if (json) {
    context.print(JSON.stringify(run, null, 2));
    return 0;
  }
  context.print(`run ${run.id}  ${run.status}${run.reason ? `: ${run.reason}` : ""}`);
  const { number, of, root, next, nextAt } = run.retry;
  if (of > 0) context.print(`  attempt      ${number + 1} of ${of + 1}${number > 0 ? `, first ${root}` : ""}`);
  if (next ?? nextAt) context.print(`  retried      ${next ? `by ${next}` : `at ${nextAt}`}`);
  if (run.waitsFor) context.print(`  waiting      ${run.waitsFor}`);
  context.print(
    `  location     ${run.location}\n  request      ${run.requestId} (${run.siblings.length} ${run.siblings.length === 1 ? "run" : "runs"})`,
  );
  if (run.partition) context.print(`  partition    ${run.partition}`);
  context.print(`  cause        ${causeOf(run.tags) || "by hand"}`);
  context.print(`  created      ${run.createdAt}\n  started      ${run.startedAt ?? "-"}\n  ended        ${run.endedAt ?? "-"}`);
  context.print(
    `  connections  ${
      Object.entries(run.connections)
        .map(([name, mode]) => `${name}: ${mode}`)
        .join(", ") || "none"
    }`,
  );
  for (const step of run.steps) {
    const tries = step.attempts > 1 && step.attempt > 0 ? `, attempt ${step.attempt} of ${step.attempts}` : "";
    context.print(`  step ${step.key}: ${step.status}${tries}${step.waitsFor ? `, ${step.waitsFor}` : ""}`);
    if (step.checks.length > 0) context.print(`    ${step.checks.join(", ")}`);
    else if (step.assets.length > 1 || step.assets[0] !== step.key) context.print(`    ${step.assets.join(", ")}`);
  }
  if (run.endedAt === null) await tellStandingBy(api, context);
  return 0;
}

interface LogOptions {
  follow: boolean;
  step: string | undefined;
  level: string | undefined;
}

async function logs(api: ApiClient, context: CommandContext, id: string, options: LogOptions): Promise<number> {
  const run = await api.run(id);
  const { follow, step, level } = options;
  if (step && !run.steps.some((one) => one.key === step))
    throw new UserError(`run ${id} has no step "${step}"`, `Its steps are ${run.steps.map((one) => one.key).join(", ")}.`);
  const levels = level?.split(",");
  const wanted = (event: RunEvent) => (!step || event.step === step) && (!levels || levels.includes(event.level ?? ""));
  const line = (event: Parameters<typeof eventLine>[0]) => {
    const shown = eventLine(event, () => run);
    if (shown) context.print(shown);
  };
  if (!follow || run.endedAt) {
    for (let after = 0; ; ) {
      const events = await api.runEvents(id, { after, limit: 10_000, ...(step ? { step } : {}), ...(level ? { level } : {}) });
      for (const event of events) line(event);
      if (events.length < 10_000) return 0;
      after = events.at(-1)!.id;
    }
  }
  const abort = new AbortController();
  for await (const event of api.events({ after: 0, runId: id }, abort.signal)) {
    if (wanted(event)) line(event);
    if (/^run_(succeeded|failed|cancelled|skipped)$/.test(event.type)) break;
  }
  abort.abort();
  return 0;
}
