import type { ApiClient, Backfill, BackfillBody, BackfillDetail, BackfillPlan } from "@kc/host/client";
import {
  type Command,
  type CommandContext,
  type Invocation,
  noMore,
  number,
  type Option,
  selectionOf,
  selectOption,
  text,
  UsageError,
} from "../command.ts";
import { withHost } from "../host.ts";
import { configOf, requestOptions, tagsOf } from "../request.ts";
import { backfillFailures } from "../run-cause.ts";
import { ago, table } from "../table.ts";

/** Options of a new backfill, not of one that there is. */
const asked = (options: Record<string, Option>): Record<string, Option> =>
  Object.fromEntries(Object.entries(options).map(([name, option]) => [name, { ...option, of: [""] }]));

const verbs = ["list", "show", "pause", "resume", "cancel", "retry"] as const;

export const command: Command = {
  summary: "Make many partitions of assets, in as many runs as it takes and in the order of the lineage.",
  usage:
    "<selection…> [--partition KEY|FIRST...LAST | --all | --latest] [--missing | --failed] [--dry-run]\nlist\n<show | pause | resume | cancel | retry> ID",
  verbs,
  options: {
    ...asked(selectOption),
    partition: {
      type: "string",
      multiple: true,
      value: "KEY|RANGE",
      of: [""],
      description: "A key, or first...last; may be repeated",
    },
    all: { type: "boolean", of: [""], description: "Every partition" },
    latest: { type: "boolean", of: [""], description: "The latest window of time; every key of other partitions" },
    missing: { type: "boolean", of: [""], description: "Of those, only what was never made" },
    failed: { type: "boolean", of: [""], description: "Of those, only what failed last" },
    policy: {
      type: "string",
      value: "P",
      of: [""],
      description: "How it is cut into runs: per-partition, single or chunks=N (default: the assets' own)",
    },
    "max-runs": {
      type: "string",
      value: "N",
      of: [""],
      description: "At most N of its runs wait or go on at one time (default 100)",
    },
    ...asked(requestOptions),
    "dry-run": { type: "boolean", of: [""], description: "Show what would be made and start nothing" },
    detach: { type: "boolean", of: [""], description: "Start it and return at once" },
    json: { type: "boolean", description: "Print JSON" },
  },
  examples: [
    ["kc backfill daily_orders --partition 2026-01-01...2026-01-31", "a month, a run for each day"],
    ["kc backfill 'daily_orders+' --all --missing", "what was never made, with all that depends on it"],
    ["kc backfill daily_orders --all --policy chunks=30 --dry-run", "look before it starts"],
    ["kc backfill list", "all of them; show, pause, resume, cancel and retry take an id"],
  ],
  async run({ values, positionals, context }) {
    const [first, id, ...more] = positionals;
    const verb = verbs.find((one) => one === first);
    const selection = selectionOf(values, verb ? [] : positionals);
    if (!verb && !selection) throw new UsageError("which assets? Give a selection, as in: kc backfill daily_orders --all");
    if (verb === "list") noMore(positionals.slice(1));
    return withHost(context, async ({ api }) => {
      await api.settled();
      if (verb === "list") return list(api, context, values.json === true);
      if (verb) {
        if (!id || more.length > 0) throw new UsageError(`name one backfill, as in: kc backfill ${verb} ID`);
        if (verb !== "show") await api.controlBackfill(id, verb);
        const detail = await api.backfill(id);
        context.print(values.json ? JSON.stringify(detail, null, 2) : await told(api, detail));
        return 0;
      }
      return start(api, context, values, await bodyOf(selection!, values, context));
    });
  },
};

async function bodyOf(selection: string, values: Invocation["values"], context: CommandContext): Promise<BackfillBody> {
  const partitions = (values.partition as string[] | undefined) ?? [];
  const scopes = [partitions.length > 0, values.all, values.latest].filter(Boolean).length;
  if (scopes > 1) throw new UsageError("--partition, --all and --latest exclude each other");
  if (scopes === 0 && !values.missing && !values.failed)
    throw new UsageError("which partitions? Give --partition first...last, --all, --latest, --missing or --failed");
  if (values.missing && values.failed) throw new UsageError("--missing and --failed exclude each other");
  const policy = text(values, "policy");
  const maxRuns = number(values, "max-runs");
  return {
    selection,
    ...(partitions.length > 0 ? { partitions: partitions.flatMap((one) => one.split(",")) } : {}),
    ...(values.latest ? { scope: "latest" } : {}),
    ...(values.missing ? { only: "missing" } : values.failed ? { only: "failed" } : {}),
    ...(policy ? { policy: policyOf(policy) } : {}),
    ...(maxRuns ? { maxRuns } : {}),
    tags: tagsOf(values.tag),
    config: await configOf(context, values),
  };
}

function policyOf(value: string): NonNullable<BackfillBody["policy"]> {
  if (value === "single") return "single";
  if (value === "per-partition") return "perPartition";
  const chunks = /^chunks=(\d+)$/.exec(value)?.[1];
  if (!chunks || Number(chunks) < 1) throw new UsageError(`--policy "${value}": write per-partition, single or chunks=N`);
  return { chunks: Number(chunks) };
}

async function start(api: ApiClient, context: CommandContext, values: Invocation["values"], body: BackfillBody): Promise<number> {
  const plan = await api.planBackfill(body);
  if (values["dry-run"]) {
    if (values.json) context.print(JSON.stringify(plan, null, 2));
    else context.print(plannedText(plan));
    return 0;
  }
  const backfill = await api.startBackfill(body);
  if (!values.json)
    context.print(`backfill ${backfill.id}: ${counted(plan.partitions, "partition")} of ${counted(plan.assets.length, "asset")}`);
  if (values.detach) {
    if (values.json) context.print(JSON.stringify(backfill, null, 2));
    return 0;
  }
  const end = await follow(api, context, backfill.id, values.json === true);
  if (values.json) context.print(JSON.stringify(end, null, 2));
  else context.print(await told(api, end));
  return end.status === "succeeded" ? 0 : 1;
}

const ended = ({ status }: Pick<Backfill, "status">) => status === "succeeded" || status === "failed" || status === "cancelled";

/** Waits for the end; on a terminal a line shows how far it is. A paused one is not waited for. */
async function follow(api: ApiClient, context: CommandContext, id: string, quiet: boolean): Promise<BackfillDetail> {
  const abort = new AbortController();
  const show = (one: Backfill) => {
    if (context.interactive && !quiet) process.stdout.write(`\r\x1b[K${progressText(one)}`);
  };
  try {
    let one = await api.backfill(id);
    show(one);
    let last = Date.now();
    if (!ended(one) && one.status !== "paused")
      for await (const event of api.events({}, abort.signal)) {
        const told = event.type === "backfill" && (event.fields as { id?: string } | undefined)?.id === id;
        if (!told && Date.now() - last < 500) continue;
        one = await api.backfill(id);
        last = Date.now();
        show(one);
        if (ended(one) || one.status === "paused") break;
      }
    if (context.interactive && !quiet) process.stdout.write("\r\x1b[K");
    return one;
  } finally {
    abort.abort();
  }
}

function progressText({ progress, etaMs, runs, status }: Backfill): string {
  const { total, done, failed, skipped, inProgress } = progress;
  const width = 24;
  const filled = total === 0 ? width : Math.floor(((done + failed + skipped) / total) * width);
  const parts = [`${done} of ${total} made`];
  if (inProgress > 0) parts.push(`${inProgress} in progress`);
  if (failed > 0) parts.push(`${failed} failed`);
  if (skipped > 0) parts.push(`${skipped} skipped`);
  parts.push(counted(runs, "run"));
  if (etaMs !== null && status === "running") parts.push(`about ${Math.max(1, Math.round(etaMs / 1000))} s left`);
  return `[${"█".repeat(filled)}${"░".repeat(width - filled)}] ${parts.join(", ")}`;
}

/** What a dry run tells: partitions by asset, then the runs they take. */
export function plannedText(plan: BackfillPlan): string {
  const assets = plan.assets.map((one) => [one.key, one.count, some(one.partitions)]);
  const groups = plan.groups.map(({ assets, policy, runs }) => {
    const more = assets.length > 3 ? ` and ${assets.length - 3} more` : "";
    return [runs, policyText(policy), `${assets.slice(0, 3).join(", ")}${more}`];
  });
  const total = `${counted(plan.runs, "run")} for ${counted(plan.partitions, "partition")}, when nothing fails`;
  return [table(["asset", "partitions", ""], assets), "", table(["runs", "policy", "of"], groups), "", total].join("\n");
}

function policyText(policy: BackfillPlan["groups"][number]["policy"]): string {
  if (policy === null) return "no partitions";
  if (typeof policy === "object") return `chunks=${policy.chunks}`;
  return policy === "single" ? "single" : "per-partition";
}

const counted = (count: number, what: string): string => `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;

const some = (ranges: readonly string[]): string =>
  ranges.length <= 3 ? ranges.join(", ") : `${ranges.slice(0, 3).join(", ")}, …`;

/** How it stands, and the errors of its failed runs. */
const told = async (api: ApiClient, one: BackfillDetail): Promise<string> =>
  [shown(one), ...(one.progress.failed > 0 ? await backfillFailures(api, one) : [])].join("\n");

function shown(one: BackfillDetail): string {
  const lines = [`backfill ${one.id} ${one.status}${one.reason ? `: ${one.reason}` : ""}`, progressText(one)];
  const rows = one.assets.map((asset) => [
    asset.key,
    asset.total,
    asset.done,
    asset.failed,
    asset.skipped,
    some([...asset.failedPartitions, ...asset.skippedPartitions]),
  ]);
  lines.push(table(["asset", "partitions", "made", "failed", "skipped", ""], rows));
  const { total, done, failed, skipped } = one.progress;
  const left = total - done - failed - skipped;
  if (one.status === "cancelled" && left > 0)
    lines.push(`${counted(left, "partition")} not made: kc backfill retry ${one.id} goes on with what is left`);
  if (one.status === "failed") lines.push(`kc backfill retry ${one.id} asks again for what failed`);
  return lines.join("\n");
}

async function list(api: ApiClient, context: CommandContext, json: boolean): Promise<number> {
  const all = await api.backfills({ limit: 100 });
  if (json) context.print(JSON.stringify(all, null, 2));
  else if (all.length === 0) context.print("no backfill yet: kc backfill <selection> --all starts one");
  else
    context.print(
      table(
        ["id", "status", "assets", "made", "failed", "skipped", "runs", "started"],
        all.map((one) => {
          const { done, total, failed, skipped } = one.progress;
          return [one.id, one.status, one.title, `${done}/${total}`, failed, skipped, one.runs, ago(one.createdAt)];
        }),
      ),
    );
  return 0;
}
