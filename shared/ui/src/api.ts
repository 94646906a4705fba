import { apiClient, type BackfillBody } from "@kc/host/client";
import { queryOptions } from "@tanstack/react-query";

export const api = apiClient("");

/** Every query of the UI. Live events invalidate them by the first part of their key; nothing polls. */
export const queries = {
  workspace: queryOptions({ queryKey: ["workspace"], queryFn: () => api.workspace() }),
  assets: queryOptions({ queryKey: ["assets"], queryFn: () => api.assets() }),
  asset: (key: string) => queryOptions({ queryKey: ["assets", key], queryFn: () => api.asset(key) }),
  evaluations: (key: string) =>
    queryOptions({ queryKey: ["assets", key, "evaluations"], queryFn: () => api.evaluations(key, { limit: 50 }) }),
  series: (key: string, name: string) =>
    queryOptions({ queryKey: ["assets", key, "series", name], queryFn: () => api.series(key, name) }),
  runs: (asset?: string) =>
    queryOptions({
      queryKey: ["runs", "list", asset ?? ""],
      queryFn: () => api.runs({ limit: 200, ...(asset ? { asset } : {}) }),
    }),
  run: (id: string) => queryOptions({ queryKey: ["runs", id], queryFn: () => api.run(id) }),
  runEvents: (id: string) =>
    queryOptions({
      queryKey: ["events", id],
      queryFn: () => api.runEvents(id, { limit: 10_000 }),
      staleTime: Number.POSITIVE_INFINITY,
    }),
  partitionGrid: (key: string) =>
    queryOptions({ queryKey: ["assets", key, "partitions"], queryFn: () => api.partitionGrid(key, 120) }),
  backfills: queryOptions({ queryKey: ["backfills"], queryFn: () => api.backfills({ limit: 200 }) }),
  backfill: (id: string) => queryOptions({ queryKey: ["backfills", id], queryFn: () => api.backfill(id) }),
  backfillPlan: (body: BackfillBody) =>
    queryOptions({ queryKey: ["assets", "plan", JSON.stringify(body)], queryFn: () => api.planBackfill(body) }),
  schedules: queryOptions({ queryKey: ["instigators", "schedules"], queryFn: () => api.schedules() }),
  sensors: queryOptions({ queryKey: ["instigators", "sensors"], queryFn: () => api.sensors() }),
  ticks: queryOptions({ queryKey: ["instigators", "ticks"], queryFn: () => api.ticks({ limit: 100 }) }),
  alerts: queryOptions({ queryKey: ["alerts"], queryFn: () => api.alerts() }),
  connections: queryOptions({ queryKey: ["connections"], queryFn: () => api.connections({ probe: true }) }),
};
