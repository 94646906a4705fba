import type { WebContext } from "./context.ts";
import type { App } from "./route.ts";
import { viewLeader } from "./views.ts";

/** How long (ms) a storage may take to answer before it counts as away. */
const storageMs = 5_000;
/** Endpoints are asked whether they answer at most as often (ms): a scraper must not become a load on vendors. */
const probeMs = 30_000;

/** For machines: `/health` (ready or 503, part by part), `/health/live`, `/metrics`. Plain paths, as probes expect them. */
export function healthRoutes(app: App, context: WebContext): void {
  const { storage, workspace, daemon, connections, metrics, now } = context;

  app.get("/health/live", (c) => c.json({ status: "ok" }));

  app.get("/health", async (c) => {
    const daemons = daemon.loops.map((loop) => {
      const { heartbeatAt, problem } = daemon.pulse.of(loop);
      return {
        name: loop.name,
        ok: problem === undefined,
        lastHeartbeat: new Date(heartbeatAt).toISOString(),
        problem: problem ?? null,
      };
    });
    const locations = workspace.locations().map(({ entry, status, error }) => ({
      name: entry.name,
      ok: status === "loaded",
      status,
      problem: error?.message ?? null,
    }));
    const stored = await answers(storage.lastEventId());
    // A location that does not load is its team's matter: the platform serves the others.
    const ok = stored === null && daemons.every((one) => one.ok);
    return c.json(
      {
        status: !ok ? "unhealthy" : locations.every((one) => one.ok) ? "ok" : "degraded",
        leader: viewLeader(context.leadership.leader()),
        storage: { ok: stored === null, problem: stored },
        daemons,
        locations,
      },
      ok ? 200 : 503,
    );
  });

  let probed: { at: number; status: ReturnType<typeof connections.status> } | undefined;
  app.get("/metrics", async (c) => {
    if (!probed || now() - probed.at > probeMs) probed = { at: now(), status: connections.status(true) };
    const text = await metrics.text({
      daemons: daemon.loops.map((loop) => ({ name: loop.name, ...daemon.pulse.of(loop) })),
      workers: context.workers(),
      locations: workspace.locations().map(({ entry, status }) => ({ name: entry.name, loaded: status === "loaded" })),
      connections: await probed.status.catch(() => []),
    });
    return c.text(text, 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
  });
}

async function answers(question: Promise<unknown>): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`it has not answered for ${storageMs / 1_000} s`), storageMs);
  });
  try {
    return await Promise.race([
      question.then(
        () => null,
        (error: Error) => error.message,
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
