import type { RunEvent } from "@kc/host/client";
import { type QueryClient, type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

/** Which queries an event makes stale, by the beginning of their keys. */
export function staleAfter({ type, runId }: Pick<RunEvent, "type" | "runId">): QueryKey[] {
  if (type === "log") return [];
  if (type === "backfill") return [["backfills"], ["failures"]];
  if (type === "freshness") return [["assets"], ["alerts"]];
  if (type === "check_result") return [["assets"], ["alerts"], ["failures"]];
  if (type.startsWith("run_")) return [["runs"], ["assets"], ["instigators"], ["alerts"], ["pools"], ["failures"]];
  // What a step waits for, and who holds it, stands in its run and in the pools.
  if (type.startsWith("step_")) return [...(runId ? [["runs", runId]] : []), ["assets"], ["pools"]];
  if (type === "instigator_changed") return [["instigators"]];
  return [["assets"], ["failures"]];
}

/** Which queries become stale by what is no event of the log. */
export function staleOf(what: string): QueryKey[] {
  if (what === "ticks") return [["instigators"], ["runs", "timeline"]];
  return what === "pauses" ? [["instigators"], ["assets"]] : [[what]];
}

/** A query that takes long rests so many times as long before it is fetched anew: a page has to do with more than answers. */
const rest = 4;

/**
 * Fetches queries anew, a little later and together. One that is being fetched waits for its answer first: the answer may
 * have been read before what made it stale, and an answer that is always cancelled would never come.
 */
export function refresher(client: QueryClient, delayMs = 150, now = () => performance.now()) {
  const stale = new Map<string, QueryKey>();
  const restsUntil = new Map<string, number>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    const begin = now();
    for (const [name, queryKey] of stale)
      if (client.isFetching({ queryKey }) === 0 && begin >= (restsUntil.get(name) ?? 0)) {
        stale.delete(name);
        void client.invalidateQueries({ queryKey }).then(() => restsUntil.set(name, now() + (now() - begin) * rest));
      }
    arm();
  };
  const arm = () => {
    if (stale.size > 0) timer ??= setTimeout(flush, delayMs);
  };
  return {
    mark(...keys: QueryKey[]): void {
      for (const key of keys) stale.set(JSON.stringify(key), key);
      arm();
    },
    stop: () => clearTimeout(timer),
  };
}

/** Follows the host's event stream: marks queries stale and appends a run's events to its log. Answers whether the stream is open. */
export function useLive(): boolean {
  const client = useQueryClient();
  const [connected, setConnected] = useState(true);
  useEffect(() => {
    const source = new EventSource("/api/events");
    const { mark, stop } = refresher(client);
    source.onopen = () => {
      setConnected(true);
      mark([]);
    };
    source.onerror = () => setConnected(false);
    source.onmessage = ({ data }) => {
      const event = JSON.parse(data) as RunEvent;
      if (event.runId && !append(client, event.runId, event)) mark(["events", event.runId]);
      mark(...staleAfter(event));
    };
    source.addEventListener("location", () =>
      mark(["workspace"], ["daemons"], ["assets"], ["instigators"], ["alerts"], ["pools"], ["failures"]),
    );
    source.addEventListener("changed", ({ data }) => mark(...staleOf((JSON.parse(data) as { what: string }).what)));
    return () => {
      source.close();
      stop();
    };
  }, [client]);
  return connected;
}

/** Appends to the log of a run that is shown. Answers false while that log is being fetched: the answer would overwrite it. */
export function append(client: QueryClient, runId: string, event: RunEvent): boolean {
  const queryKey = ["events", runId];
  if (client.isFetching({ queryKey }) > 0) return false;
  client.setQueryData<RunEvent[]>(queryKey, (events) =>
    events && !events.some((one) => one.id === event.id) ? [...events, event] : events,
  );
  return true;
}
