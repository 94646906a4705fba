import type { ApiClient } from "@kc/host/client";
import type { CommandContext } from "./command.ts";
import type { News } from "./dev-news.ts";
import { eventLine, type RunName } from "./follow.ts";

interface Watching {
  context: CommandContext;
  /** Log lines of steps too. */
  verbose: boolean;
  signal: AbortSignal;
}

/** Prints what happens on a platform, until the signal is aborted or the platform ends. */
export async function watchPlatform(api: ApiClient, news: News, { context, verbose, signal }: Watching): Promise<void> {
  const runs = new Map<string, RunName>();
  const follow = async () => {
    for await (const event of api.events({}, signal)) {
      const { runId, type } = event;
      if (type === "log" && !verbose && event.level !== "error") continue;
      // A run may be deleted while its last events are told.
      const run = runId && !runs.has(runId) ? await api.run(runId).catch(() => undefined) : undefined;
      if (run) runs.set(run.id, run);
      const line = eventLine(event, (id) => runs.get(id));
      if (line) context.print(line);
      if (runId && /^run_(succeeded|failed|cancelled|skipped)$/.test(type)) runs.delete(runId);
    }
  };
  const lookAtWorkspace = oneAtATime(async () => {
    const time = new Date().toISOString().slice(11, 19);
    for (const line of news.ofWorkspace(await api.workspace())) context.print(`${time} ${line}`);
  });
  const lookAtTicks = oneAtATime(async () => {
    for (const line of news.ofTicks(await api.ticks({ limit: 500 }))) context.print(line);
  });
  const watch = async () => {
    for await (const what of api.changes(signal)) {
      if (what === "locations" || what === "daemons") lookAtWorkspace();
      if (what === "ticks") lookAtTicks();
    }
  };
  await Promise.all([follow(), watch()]);
}

/** How long (ms) a look rests before the next: what happens meanwhile is seen together. */
const restMs = 300;

/** Does the work when it is asked for, never twice at once; what is asked for meanwhile is done once more. */
function oneAtATime(work: () => Promise<void>): () => void {
  let going = false;
  let asked = false;
  const go = async () => {
    going = true;
    while (asked) {
      asked = false;
      // A host that ends is told by the streams.
      await work().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, restMs));
    }
    going = false;
  };
  return () => {
    asked = true;
    if (!going) void go();
  };
}
