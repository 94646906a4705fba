import { apiClient, type BackfillBody, type RunRequest } from "@kc/host/client";
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

export const api = apiClient("");

export type InstigatorType = "schedules" | "sensors";
export interface RunFilter {
  status?: string | undefined;
  location?: string | undefined;
  asset?: string | undefined;
  requestId?: string | undefined;
  tag?: string | undefined;
  pool?: string | undefined;
}

const runsOfPage = 100;
const ticksOfPage = 50;

/** Every query of the UI. Live events invalidate them by the first part of their key; nothing polls. */
export const queries = {
  workspace: queryOptions({ queryKey: ["workspace"], queryFn: () => api.workspace() }),
  /** The same answer, fetched anew with each heartbeat where the daemons are shown. */
  daemons: queryOptions({ queryKey: ["daemons"], queryFn: () => api.workspace() }),
  assets: queryOptions({ queryKey: ["assets"], queryFn: () => api.assets() }),
  asset: (key: string) => queryOptions({ queryKey: ["assets", key], queryFn: () => api.asset(key) }),
  evaluations: (key: string) =>
    queryOptions({ queryKey: ["assets", key, "evaluations"], queryFn: () => api.evaluations(key, { limit: 50 }) }),
  launchers: (key: string) => queryOptions({ queryKey: ["instigators", "launchers", key], queryFn: () => api.launchers(key) }),
  series: (key: string, name: string) =>
    queryOptions({ queryKey: ["assets", key, "series", name], queryFn: () => api.series(key, name) }),
  checks: queryOptions({ queryKey: ["assets", "", "checks"], queryFn: () => api.checks() }),
  checkResults: (asset: string, name: string) =>
    queryOptions({ queryKey: ["assets", asset, "results", name], queryFn: () => api.checkResults(asset, name, { limit: 100 }) }),
  runs: (filter: RunFilter) =>
    infiniteQueryOptions({
      queryKey: ["runs", "list", filter],
      queryFn: ({ pageParam }) => api.runs({ ...filter, limit: runsOfPage, ...(pageParam ? { before: pageParam } : {}) }),
      initialPageParam: "",
      getNextPageParam: (last) => (last.length < runsOfPage ? undefined : last.at(-1)!.id),
    }),
  run: (id: string) => queryOptions({ queryKey: ["runs", id], queryFn: () => api.run(id) }),
  runEvents: (id: string) =>
    queryOptions({
      queryKey: ["events", id],
      queryFn: () => api.runEvents(id, { limit: 10_000 }),
      staleTime: Number.POSITIVE_INFINITY,
    }),
  timeline: (pastMs: number, aheadMs: number) =>
    queryOptions({ queryKey: ["runs", "timeline", pastMs, aheadMs], queryFn: () => api.timeline({ pastMs, aheadMs }) }),
  failures: queryOptions({ queryKey: ["failures"], queryFn: () => api.failures() }),
  jobs: queryOptions({ queryKey: ["workspace", "jobs"], queryFn: () => api.jobs() }),
  job: (location: string, name: string) =>
    queryOptions({ queryKey: ["workspace", "jobs", location, name], queryFn: () => api.job(location, name) }),
  plan: (request: RunRequest) =>
    queryOptions({ queryKey: ["workspace", "plan", request], queryFn: () => api.plan(request), retry: false, gcTime: 10_000 }),
  partitions: (key: string) =>
    queryOptions({
      queryKey: ["assets", key, "partitions", "newest"],
      queryFn: () => api.partitions(key, { newest: true, limit: 200 }),
    }),
  partition: (key: string, partition: string) =>
    queryOptions({ queryKey: ["assets", key, "partition", partition], queryFn: () => api.partition(key, partition) }),
  partitionsWithin: (key: string, within: string) =>
    queryOptions({
      queryKey: ["assets", key, "partitions", "within", within],
      queryFn: () => api.partitions(key, { within, limit: 100 }),
    }),
  checksAt: (key: string, partition: string) =>
    queryOptions({
      queryKey: ["assets", key, "checks", partition],
      queryFn: () => api.checks(`key:"${key}"`, partition),
    }),
  partitionGrid: (key: string) =>
    queryOptions({ queryKey: ["assets", key, "partitions"], queryFn: () => api.partitionGrid(key, 120) }),
  backfills: queryOptions({ queryKey: ["backfills"], queryFn: () => api.backfills({ limit: 200 }) }),
  backfill: (id: string) => queryOptions({ queryKey: ["backfills", id], queryFn: () => api.backfill(id) }),
  backfillPlan: (body: BackfillBody) =>
    queryOptions({ queryKey: ["assets", "plan", JSON.stringify(body)], queryFn: () => api.planBackfill(body) }),
  schedules: queryOptions({ queryKey: ["instigators", "schedules"], queryFn: () => api.schedules() }),
  sensors: queryOptions({ queryKey: ["instigators", "sensors"], queryFn: () => api.sensors() }),
  instigator: (type: InstigatorType, location: string, name: string) =>
    queryOptions({
      queryKey: ["instigators", type, location, name],
      queryFn: () => api.instigator(type, location, name),
    }),
  upcoming: (location: string, name: string) =>
    queryOptions({
      queryKey: ["instigators", "upcoming", location, name],
      queryFn: () => api.upcomingTicks(location, name, { count: 8 }),
    }),
  ticks: queryOptions({ queryKey: ["instigators", "ticks"], queryFn: () => api.ticks({ limit: 200 }) }),
  ticksOf: (type: InstigatorType, location: string, name: string, status: string) =>
    infiniteQueryOptions({
      queryKey: ["instigators", "ticks", type, location, name, status],
      queryFn: ({ pageParam }) =>
        api.ticks({
          location,
          name,
          type: type === "schedules" ? "schedule" : "sensor",
          limit: ticksOfPage,
          ...(status ? { status } : {}),
          ...(pageParam ? { before: pageParam } : {}),
        }),
      initialPageParam: 0,
      getNextPageParam: (last) => (last.length < ticksOfPage ? undefined : last.at(-1)!.id),
    }),
  pauses: queryOptions({ queryKey: ["instigators", "pauses"], queryFn: () => api.pauses() }),
  alerts: queryOptions({ queryKey: ["alerts"], queryFn: () => api.alerts() }),
  pools: queryOptions({ queryKey: ["pools"], queryFn: () => api.pools() }),
  connections: queryOptions({ queryKey: ["connections"], queryFn: () => api.connections({ probe: true }) }),
  settings: queryOptions({ queryKey: ["settings"], queryFn: () => api.settings(), staleTime: Number.POSITIVE_INFINITY }),
  storage: queryOptions({ queryKey: ["storage"], queryFn: () => api.storage() }),
};
