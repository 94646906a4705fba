import type { NewDelivery, NewEvent, StoredEvent } from "@kc/runtime/internal";
import { deliver } from "../alerts/deliver.ts";
import { post, withoutSecrets } from "../alerts/send.ts";
import { lineageOf } from "../lineage/run-events.ts";
import type { OpenLineageSettings } from "../telemetry/settings.ts";
import type { DaemonContext } from "./context.ts";
import type { Loop } from "./loop.ts";

const cursorName = "lineage.cursor";
const watched: NewEvent["type"][] = [
  "run_started",
  "run_succeeded",
  "run_failed",
  "run_cancelled",
  "step_started",
  "step_succeeded",
  "step_failed",
];
const page = 200;
/** While the endpoint is away the log itself keeps what is to be told: at most so many wait in the outbox. */
const maxPending = 1_000;

/** Turns new events of the log into lineage events of the outbox; answers when to look again. */
export async function tickLineage(context: DaemonContext, settings: OpenLineageSettings): Promise<number | undefined> {
  const { storage, workspace, clock } = context;
  const cursor = await storage.getValue(cursorName);
  if (cursor === null) {
    await storage.setValue(cursorName, String(await storage.lastEventId()));
    return undefined;
  }
  const pending = await storage.listDeliveries({ kind: "lineage", statuses: ["pending"], limit: maxPending });
  if (pending.length >= maxPending) return clock.now() + 5_000;
  const events = await storage.readEvents({ after: Number(cursor), types: watched, limit: page });
  if (events.length === 0) return undefined;
  const deliveries: NewDelivery[] = [];
  for (const event of events) {
    const run = event.runId ? await storage.getRun(event.runId) : null;
    if (!run) continue;
    const stepEvents =
      event.type === "step_succeeded" || event.type === "step_failed" ? await endedStep(context, event, run.plan.steps) : [];
    if (stepEvents === undefined) continue;
    const found = lineageOf(event, { namespace: settings.namespace, graph: workspace.graph(), run, stepEvents });
    for (const [index, body] of found.entries())
      deliveries.push({
        id: `lineage|${event.id}|${index}`,
        kind: "lineage",
        channel: "openlineage",
        body: JSON.stringify(body),
        createdAt: clock.now(),
      });
  }
  await storage.decide({ deliveries, values: { [cursorName]: String(events.at(-1)!.id) } });
  return events.length === page ? clock.now() : undefined;
}

/** All events of a step, when this one is its last: a step tells the end of each of its assets. */
async function endedStep(
  { storage }: DaemonContext,
  event: StoredEvent,
  steps: readonly { key: string; assets: readonly string[] }[],
): Promise<StoredEvent[] | undefined> {
  const events = await storage.readEvents({
    runId: event.runId!,
    step: event.step!,
    types: ["step_succeeded", "step_failed", "materialization", "check_result"],
    limit: 100_000,
  });
  const ends = events.filter((one) => one.type === "step_succeeded" || one.type === "step_failed");
  const last = ends.length >= (steps.find((one) => one.key === event.step)?.assets.length ?? 1) && ends.at(-1)!.id === event.id;
  return last ? events : undefined;
}

/** The loop that reads the log for OpenLineage and the one that sends; none when kc.yaml names no endpoint. */
export function lineageLoops(
  context: DaemonContext,
  settings: OpenLineageSettings | undefined,
  start: (name: string, tick: () => Promise<number | undefined>) => Loop,
): Loop[] {
  if (!settings) return [];
  const secrets = settings.api_key ? [settings.api_key] : [];
  const headers = {
    "content-type": "application/json",
    ...(settings.api_key ? { authorization: `Bearer ${settings.api_key}` } : {}),
  };
  const lineage: Loop = start("lineage", async () => {
    const next = await tickLineage(context, settings);
    sending.wake();
    return next;
  });
  const sending: Loop = start("lineage-delivery", () =>
    deliver(
      context,
      "lineage",
      async ({ body }, now) => {
        const verdict = await post({ url: settings.url, headers, body }, now);
        return { ...verdict, answer: withoutSecrets(verdict.answer, secrets).slice(0, 500) };
      },
      () => {},
    ),
  );
  return [lineage, sending];
}
