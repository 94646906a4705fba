import type {
  AlertsInfo,
  AlertTest,
  Asset,
  AssetCheck,
  AssetDetail,
  AssetEvaluations,
  AssetPartitions,
  AutomationMemory,
  Backfill,
  BackfillBody,
  BackfillDetail,
  BackfillPlan,
  CheckPartitions,
  CheckResult,
  ComponentInfo,
  ConnectionInfo,
  DynamicPartitionsInfo,
  Failures,
  Health,
  Instigator,
  InstigatorDetail,
  Job,
  JobDetail,
  Launchers,
  Location,
  Mute,
  Partition,
  PartitionGrid,
  Pause,
  PauseRequest,
  Plan,
  Pool,
  ReportedEvent,
  Run,
  RunDetail,
  RunEvent,
  RunRequest,
  Series,
  Setting,
  StorageInfo,
  Submitted,
  Tick,
  TickPreview,
  Timeline,
  Wiped,
  WorkspaceInfo,
} from "./types.ts";

/** An answer of the API that is no success: the host's message, and where it says what to do. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly where: string | undefined;
  readonly hint: string | undefined;

  constructor(message: string, status: number, where: string | undefined, hint: string | undefined) {
    super(message);
    this.status = status;
    this.where = where;
    this.hint = hint;
  }
}

type Query = Record<string, string | number | boolean | undefined>;

/** The typed client of the host's API. `base` is the host's URL, or "" for the page's own origin. */
export function apiClient(base: string, options: { fetch?: typeof fetch } = {}) {
  const send = options.fetch ?? fetch;
  // On the same machine compressing costs more than it saves. A page's own origin may be at the other end of a tunnel.
  const near = /^http:\/\/(?:127\.|localhost\b|\[::1\])/.test(base) ? { "accept-encoding": "identity" } : {};
  async function call<T>(method: string, path: string, query: Query = {}, body?: unknown, signal?: AbortSignal): Promise<T> {
    const response = await send(`${base}/api/${path}${queryText(query)}`, {
      method,
      headers: { ...near, ...(method === "GET" ? {} : { "content-type": "application/json" }) },
      ...(method === "GET" ? {} : { body: JSON.stringify(body ?? {}) }),
      ...(signal ? { signal } : {}),
    });
    const text = await response.text();
    const json = text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : undefined;
    if (!response.ok)
      throw new ApiError(json?.error ?? `the host answered ${response.status}`, response.status, json?.where, json?.hint);
    return json as T;
  }
  return {
    health: () => call<Health>("GET", "health"),
    workspace: () => call<WorkspaceInfo>("GET", "workspace"),
    /** Waits until no location is loading. */
    settled: (signal?: AbortSignal) => call<WorkspaceInfo>("GET", "workspace", { wait: true }, undefined, signal),
    /** Snapshots of the loaded locations, as the simulation takes them. */
    definitions: () => call<unknown[]>("GET", "definitions"),
    reload: (location: string) => call<Location>("POST", `locations/${encodeURIComponent(location)}/reload`),
    /** Loads a location that the host was started without; one that is loaded stays as it is. */
    addLocation: (location: string) => call<Location>("POST", `locations/${encodeURIComponent(location)}`),
    assets: (selection?: string) => call<Asset[]>("GET", "assets", { selection }),
    asset: (key: string) => call<AssetDetail>("GET", "asset", { key }),
    /** What makes an asset by itself, and the jobs it is in. */
    launchers: (key: string) => call<Launchers>("GET", "asset/launchers", { key }),
    /** Checks of a selection's assets, with their latest results; with `partition` those that count for it. */
    checks: (selection?: string, partition?: string) => call<AssetCheck[]>("GET", "checks", { selection, partition }),
    /** Results of a check, newest first. */
    checkResults: (asset: string, name: string, query: { limit?: number } = {}) =>
      call<CheckResult[]>("GET", "checks/results", { asset, name, ...query }),
    checkPartitions: (key: string, params: { check?: string; failed?: boolean; limit?: number } = {}) =>
      call<CheckPartitions>("GET", "checks/partitions", { key, ...params }),
    /** A number of the metadata over the materializations, oldest first. */
    series: (key: string, name: string, query: { limit?: number } = {}) =>
      call<Series>("GET", "asset/series", { key, name, ...query }),
    runs: (
      query: {
        status?: string | undefined;
        location?: string | undefined;
        asset?: string | undefined;
        requestId?: string | undefined;
        /** `name=value`. */
        tag?: string | undefined;
        pool?: string | undefined;
        limit?: number;
        before?: string;
      } = {},
    ) => call<Run[]>("GET", "runs", query),
    run: (id: string) => call<RunDetail>("GET", `runs/${encodeURIComponent(id)}`),
    runEvents: (id: string, query: { after?: number; limit?: number; types?: string; step?: string; level?: string } = {}) =>
      call<RunEvent[]>("GET", `runs/${encodeURIComponent(id)}/events`, query),
    submit: (request: RunRequest) => call<Submitted>("POST", "runs", {}, request),
    /** What a request would make, its config checked; nothing is stored. */
    plan: (request: RunRequest) => call<Plan>("POST", "runs/plan", {}, request),
    /** Runs of the last `pastMs` and ticks of schedules in the next `aheadMs`. */
    timeline: (query: { pastMs?: number; aheadMs?: number } = {}) => call<Timeline>("GET", "timeline", query),
    /** Failed runs and backfills that nothing has made good since. */
    failures: () => call<Failures>("GET", "failures"),
    partitions: (
      key: string,
      query: { offset?: number; limit?: number; newest?: boolean; status?: string; within?: string } = {},
    ) => call<AssetPartitions>("GET", "asset/partitions", { key, ...query }),
    partition: (key: string, partition: string) => call<Partition>("GET", "asset/partition", { key, partition }),
    partitionGrid: (key: string, cells?: number) => call<PartitionGrid>("GET", "asset/partitions/grid", { key, cells }),
    dynamicPartitions: () => call<DynamicPartitionsInfo[]>("GET", "partitions"),
    changeDynamicPartitions: (name: string, change: { add?: string[]; delete?: string[] }) =>
      call<{ added: string[]; deleted: string[] }>("POST", "partitions", {}, { name, ...change }),
    backfills: (query: { limit?: number } = {}) => call<Backfill[]>("GET", "backfills", query),
    backfill: (id: string) => call<BackfillDetail>("GET", `backfills/${encodeURIComponent(id)}`),
    planBackfill: (body: BackfillBody) => call<BackfillPlan>("POST", "backfills/plan", {}, body),
    startBackfill: (body: BackfillBody) => call<Backfill>("POST", "backfills", {}, body),
    controlBackfill: (id: string, what: "pause" | "resume" | "cancel" | "retry") =>
      call<Backfill>("POST", `backfills/${encodeURIComponent(id)}/${what}`),
    cancel: (id: string) => call<Run>("POST", `runs/${encodeURIComponent(id)}/cancel`),
    /** Runs a run with those around it, or a whole request, again. */
    reexecute: (id: string, strategy: "from_failure" | "from_scratch" = "from_failure") =>
      call<Submitted>("POST", `runs/${encodeURIComponent(id)}/reexecute`, {}, { strategy }),
    jobs: () => call<Job[]>("GET", "jobs"),
    job: (location: string, name: string) =>
      call<JobDetail>("GET", `jobs/${encodeURIComponent(location)}/${encodeURIComponent(name)}`),
    pools: () => call<Pool[]>("GET", "pools"),
    /** Null takes back what was set, so that kc.yaml counts. */
    setPool: (name: string, slots: number | null) => call<Pool>("POST", `pools/${encodeURIComponent(name)}`, {}, { slots }),
    components: () => call<ComponentInfo[]>("GET", "components"),
    /** With `probe` also whether each endpoint in use answers. */
    connections: (query: { probe?: boolean } = {}) => call<ConnectionInfo[]>("GET", "connections", query),
    schedules: () => call<Instigator[]>("GET", "schedules"),
    sensors: () => call<Instigator[]>("GET", "sensors"),
    instigator: (type: "schedules" | "sensors", location: string, name: string) =>
      call<InstigatorDetail>("GET", `${type}/${encodeURIComponent(location)}/${encodeURIComponent(name)}`),
    turn: (type: "schedules" | "sensors", location: string, name: string, running: boolean) =>
      call<Instigator>("POST", `${type}/${encodeURIComponent(location)}/${encodeURIComponent(name)}`, {}, { running }),
    /** What a tick would do at an instant (default now), without doing it. */
    previewTick: (type: "schedules" | "sensors", location: string, name: string, at: { at?: string; cursor?: string } = {}) =>
      call<TickPreview>("POST", `${type}/${encodeURIComponent(location)}/${encodeURIComponent(name)}/preview`, {}, at),
    /** Makes a tick now, for real. */
    tickNow: (type: "schedules" | "sensors", location: string, name: string) =>
      call<Tick>("POST", `${type}/${encodeURIComponent(location)}/${encodeURIComponent(name)}/tick`, {}, {}),
    upcomingTicks: (location: string, name: string, query: { count?: number; after?: string } = {}) =>
      call<{ ticks: string[] }>("GET", `schedules/${encodeURIComponent(location)}/${encodeURIComponent(name)}/upcoming`, query),
    resetCursor: (location: string, name: string) =>
      call<Instigator>("POST", `sensors/${encodeURIComponent(location)}/${encodeURIComponent(name)}/reset-cursor`, {}, {}),
    ticks: (query: { location?: string; name?: string; type?: string; status?: string; before?: number; limit?: number } = {}) =>
      call<Tick[]>("GET", "ticks", query),
    report: (event: ReportedEvent) => call<RunEvent>("POST", "events", {}, event),
    /** Forgets what is known of assets or of some of their partitions. */
    wipe: (request: { selection: string; partition?: string; dryRun?: boolean }) =>
      call<Wiped>("POST", "assets/wipe", {}, request),
    /** Rules, channels, open alerts, mutes and the last deliveries. */
    alerts: () => call<AlertsInfo>("GET", "alerts"),
    /** A rule's name or an asset selection; `for` is a duration: "2h". */
    mute: (request: { what: string; for: string }) => call<Mute>("POST", "alerts/mute", {}, request),
    unmute: (what: string) => call<{ ended: number }>("POST", "alerts/unmute", {}, { what }),
    /** Sends a real message to these channels; default: all. */
    testAlerts: (channels?: readonly string[]) => call<AlertTest[]>("POST", "alerts/test", {}, channels ? { channels } : {}),
    /** What automation requests nothing of, for a while. */
    pauses: () => call<Pause[]>("GET", "pauses"),
    /** `for` is a duration, "2d"; without it the pause lasts until it is ended. */
    pause: (request: PauseRequest) => call<Pause>("POST", "pauses", {}, request),
    /** Ends pauses by id or selection, all of them by `*`. */
    resume: (what: string) => call<Pause[]>("POST", "pauses/end", {}, { what }),
    /** Evaluations of an asset's automation condition that said anything new, newest first. */
    evaluations: (key: string, page: { before?: number; limit?: number } = {}) =>
      call<AssetEvaluations>("GET", "asset/evaluations", { key, ...page }),
    /** What automation remembers between two evaluations: a simulation goes on from it. */
    automationMemory: () => call<AutomationMemory>("GET", "automation/memory"),
    storage: () => call<StorageInfo>("GET", "storage"),
    /** kc.yaml as it counts, without secrets. */
    settings: () => call<Setting[]>("GET", "settings"),
    /** Ages as durations: "30d". `dryRun` counts and deletes nothing. */
    prune: (ages: { runs?: string; ticks?: string; logs?: string; dryRun?: boolean }) =>
      call<{ runs: number; events: number; ticks: number }>("POST", "storage/prune", {}, ages),
    /** Events as they are stored, from after `after` on, until the signal is aborted or the host ends. */
    events: (query: { after?: number; runId?: string; requestId?: string }, signal: AbortSignal) =>
      followEvents(
        send,
        (last) => `${base}/api/events${queryText({ ...query, ...(last === undefined ? {} : { after: last }) })}`,
        signal,
      ),
    /** What changes and is no event of the log: locations as their definitions change, ticks, daemons. */
    changes: (signal: AbortSignal) => followChanges(send, `${base}/api/events`, signal),
    /**
     * Keeps the host alive until the signal is aborted, with `daemon` also its schedules, sensors and automation. Resolves
     * when the host ends the lease.
     * @param held Called once the host counts it.
     * @throws ApiError when the host takes none, because it is ending.
     */
    async lease(signal: AbortSignal, wants: { daemon: boolean; id?: string }, held?: () => void): Promise<void> {
      const response = await send(`${base}/api/lease${queryText(wants)}`, { signal });
      if (!response.ok) throw new ApiError("the platform is ending", response.status, undefined, undefined);
      held?.();
      for await (const _ of response.body as unknown as AsyncIterable<Uint8Array>);
    },
    /** Ends the lease of that id: counted as ended once this answers. With `now` a host that nobody else keeps ends at once. */
    endLease: (id: string, { now = false } = {}) =>
      call<unknown>("DELETE", `lease/${encodeURIComponent(id)}`, now ? { now } : {}),
  };
}

export type ApiClient = ReturnType<typeof apiClient>;

function queryText(query: Query): string {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  return entries.length === 0
    ? ""
    : `?${entries.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&")}`;
}

/** Events of the log; a connection that breaks while the host lives is taken up again after the last event. */
async function* followEvents(
  send: typeof fetch,
  urlAfter: (last: number | undefined) => string,
  signal: AbortSignal,
): AsyncGenerator<RunEvent> {
  let last: number | undefined;
  for (let broken = 0; ; broken++) {
    try {
      for await (const { name, data } of messages(send, urlAfter(last), signal)) {
        if (name) continue;
        const event = data as RunEvent;
        broken = 0;
        last = event.id;
        yield event;
      }
      return;
    } catch (error) {
      // Aborting is how a reader says that it has read enough.
      if (signal.aborted) return;
      if (error instanceof ApiError || broken > 0)
        throw error instanceof ApiError
          ? error
          : new ApiError(
              "the platform ended while it was followed",
              503,
              undefined,
              "What it had begun stands in: kc runs list. Its log is .kc/logs/host.log.",
            );
    }
  }
}

/** `locations`, or one of what the host calls changing. Ends when the signal is aborted or the host is gone. */
async function* followChanges(send: typeof fetch, url: string, signal: AbortSignal): AsyncGenerator<string> {
  try {
    for await (const { name, data } of messages(send, url, signal))
      if (name === "location") yield "locations";
      else if (name === "changed") yield (data as { what: string }).what;
  } catch (error) {
    if (!signal.aborted && error instanceof ApiError) throw error;
  }
}

/** Messages of a server-sent event stream of the API: each one `data:` line of JSON, some with an event name. */
async function* messages(
  send: typeof fetch,
  url: string,
  signal: AbortSignal,
): AsyncGenerator<{ name: string | undefined; data: unknown }> {
  const response = await send(url, { signal, headers: { accept: "text/event-stream" } });
  if (!response.ok) throw new ApiError(`the host answered ${response.status}`, response.status, undefined, undefined);
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    rest += decoder.decode(chunk, { stream: true });
    const parts = rest.split("\n\n");
    rest = parts.pop()!;
    for (const part of parts) {
      const data = /^data: ?(.*)$/m.exec(part)?.[1];
      if (data) yield { name: /^event: ?(.*)$/m.exec(part)?.[1], data: JSON.parse(data) };
    }
  }
}
