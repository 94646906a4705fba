import pg from "pg";

/** How long (ms) until a connection that broke is opened again. */
const againMs = 1_000;

/**
 * Calls back whenever another process has written: on a connection of its own, which is opened again when it breaks. What
 * was missed meanwhile is told as one call.
 */
export function listenFor(params: { url: string; channel: string; origin: string; listener(): void }): () => Promise<void> {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let client: pg.Client | undefined;
  const again = () => {
    if (stopped || timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      void connect();
    }, againMs);
    timer.unref();
  };
  const connect = async () => {
    const own = new pg.Client({
      connectionString: params.url,
      application_name: "kc",
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
    });
    client = own;
    own.on("error", () => {});
    own.on("end", again);
    own.on("notification", ({ payload }) => {
      if (payload !== params.origin) params.listener();
    });
    try {
      await own.connect();
      await own.query(`listen ${pg.escapeIdentifier(params.channel)}`);
      params.listener();
    } catch {
      await own.end().catch(() => undefined);
      again();
    }
  };
  void connect();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await client?.end().catch(() => undefined);
  };
}
