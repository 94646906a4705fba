import { randomUUID } from "node:crypto";
import { type StoredEvent, UserError } from "@kc/runtime/internal";
import { streamSSE } from "hono/streaming";
import type { WebContext } from "./context.ts";
import { type App, unknownParameter } from "./route.ts";
import { viewEvent } from "./views.ts";

/** What the streams answer from. */
export type StreamContext = Pick<WebContext, "storage" | "log" | "lease" | "ending" | "workspace" | "changes">;

/** Live answers: the event stream and the leases of commands. They are no JSON, so they stand outside openapi.json's schemas. */
export function streams(
  app: App,
  { storage, log, lease, ending, workspace, changes }: StreamContext,
  heartbeatMs = 15_000,
): void {
  const firstEventOf = async (requestId: string): Promise<number> => {
    const [run] = await storage.listRuns({ requestId, order: "oldest", limit: 1 });
    const [event] = run ? await storage.readEvents({ runId: run.id, limit: 1 }) : [];
    return event?.id ?? 0;
  };

  app.get("/api/events", (context) => {
    refuseOthers(context.req.query(), ["runId", "requestId", "after"]);
    const { runId, requestId } = context.req.query();
    const from = Number(context.req.query("after") ?? context.req.header("last-event-id") ?? Number.NaN);
    return streamSSE(context, async (stream) => {
      const queue: StoredEvent[] = [];
      let poke = () => {};
      let missed = false;
      const runs = new Set<string>();
      const wanted = async (event: StoredEvent): Promise<boolean> => {
        if (runId) return event.runId === runId;
        if (!requestId) return true;
        if (!event.runId) return false;
        if (runs.has(event.runId)) return true;
        const run = await storage.getRun(event.runId);
        if (run?.requestId !== requestId) return false;
        runs.add(event.runId);
        return true;
      };
      const stopListening = log.listen((events) => {
        // A reader that is slower than the log is not kept in memory: it reads what it missed from the storage.
        if (queue.length + events.length > 5_000) missed = true;
        else for (const event of events) queue.push(event);
        poke();
      });
      const stopWatching = workspace.onChange(
        (name) => void stream.writeSSE({ event: "location", data: JSON.stringify({ name }) }),
      );
      const stopChanges = changes.listen((what) => void stream.writeSSE({ event: "changed", data: JSON.stringify({ what }) }));
      let open = true;
      stream.onAbort(() => {
        open = false;
        stopListening();
        stopChanges();
        stopWatching();
        poke();
      });
      const send = async (event: StoredEvent) => {
        if (await wanted(event)) await stream.writeSSE({ id: String(event.id), data: JSON.stringify(viewEvent(event)) });
      };
      let last = Number.isFinite(from) ? from : await storage.lastEventId();
      // A request's events begin with its first run: what is older need not be read.
      if (requestId) last = Math.max(last, (await firstEventOf(requestId)) - 1);
      const catchUp = async () => {
        while (open) {
          const earlier = await storage.readEvents({ after: last, ...(runId ? { runId } : {}), limit: 1_000 });
          for (const event of earlier) await send(event);
          last = earlier.at(-1)?.id ?? last;
          if (earlier.length < 1_000) return;
        }
      };
      // What was stored before this stream listened.
      await catchUp();
      while (open) {
        if (missed) {
          missed = false;
          queue.length = 0;
          await catchUp();
          continue;
        }
        const batch = queue.splice(0);
        for (const event of batch)
          if (event.id > last) {
            await send(event);
            last = event.id;
          }
        if (batch.length > 0 || !open) continue;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, heartbeatMs);
          poke = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        // A comment now and then keeps proxies from closing the stream.
        if (open && queue.length === 0) await stream.write(": still here\n\n");
      }
    });
  });

  const held = new Map<string, (now: boolean) => void>();
  app.get("/api/lease", (context) => {
    refuseOthers(context.req.query(), ["daemon", "id"]);
    if (ending()) return context.json({ error: "the platform is ending" }, 503);
    return streamSSE(context, async (stream) => {
      const release = lease({ daemon: context.req.query("daemon") === "true" });
      const id = context.req.query("id") ?? randomUUID();
      const ended = new Promise<boolean>((resolve) => {
        held.set(id, resolve);
        stream.onAbort(() => resolve(false));
      });
      // A stream that says nothing for minutes is ended by clients and proxies.
      const beat = setInterval(() => void stream.write(": held\n\n"), heartbeatMs);
      await stream.write(": held\n\n");
      const now = await ended;
      clearInterval(beat);
      held.delete(id);
      release(now);
    });
  });

  // A broken connection ends a lease too, but only some time after: who wants to know when the host is gone says so first.
  app.delete("/api/lease/:id", async (context) => {
    refuseOthers(context.req.query(), ["now"]);
    held.get(context.req.param("id"))?.(context.req.query("now") === "true");
    return context.json({}, 200);
  });
}

function refuseOthers(query: Record<string, string>, known: readonly string[]): void {
  const other = Object.keys(query).find((name) => !known.includes(name));
  if (other !== undefined) throw new UserError(unknownParameter(other, known));
}
