import type { RunEvent } from "@kc/host/client";
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

/** Which queries an event makes stale, by the first part of their keys. */
export function staleAfter(event: Pick<RunEvent, "type">): string[] {
  if (event.type === "log") return [];
  if (event.type === "check_result" || event.type === "freshness") return ["assets"];
  if (event.type.startsWith("run_")) return ["runs", "assets", "instigators"];
  return ["assets"];
}

/**
 * Follows the host's event stream: marks queries stale, at most every 150 ms, and appends a run's events to its log.
 * Answers whether the stream is open.
 */
export function useLive(): boolean {
  const client = useQueryClient();
  const [connected, setConnected] = useState(true);
  useEffect(() => {
    const source = new EventSource("/api/events");
    const stale = new Set<string>();
    let timer: number | undefined;
    const flush = () => {
      timer = undefined;
      for (const name of stale) void client.invalidateQueries({ queryKey: [name] });
      stale.clear();
    };
    const mark = (names: string[]) => {
      for (const name of names) stale.add(name);
      if (stale.size > 0) timer ??= window.setTimeout(flush, 150);
    };
    source.onopen = () => {
      setConnected(true);
      void client.invalidateQueries();
    };
    source.onerror = () => setConnected(false);
    source.onmessage = ({ data }) => {
      const event = JSON.parse(data) as RunEvent;
      if (event.runId) append(client, event.runId, event);
      mark(staleAfter(event));
    };
    source.addEventListener("location", () => mark(["workspace", "assets", "instigators"]));
    return () => {
      source.close();
      window.clearTimeout(timer);
    };
  }, [client]);
  return connected;
}

function append(client: QueryClient, runId: string, event: RunEvent): void {
  client.setQueryData<RunEvent[]>(["events", runId], (events) =>
    events && !events.some((one) => one.id === event.id) ? [...events, event] : events,
  );
}
