import type { SQLInputValue } from "node:sqlite";
import type { Context, Hono } from "hono";
import { ApiError, notFound, ok, page, paging, pathId } from "../envelope.ts";
import type { Server } from "../server.ts";
import { type RunRow, status } from "../store.ts";
import { relatedOf, runView } from "../view.ts";

const columns: Record<string, string> = {
  job_definition_id: "job_id",
  project_id: "project_id",
  environment_id: "environment_id",
  status: "status",
};

/** Runs and their artifacts. */
export function runRoutes(app: Hono, server: Server): void {
  const { store } = server;
  const root = "/api/v2/accounts/:account/runs";
  const find = (c: Context): RunRow => {
    const run = store.run(pathId(c, "id"));
    if (!run) throw notFound();
    return run;
  };
  const view = (c: Context, run: RunRow) =>
    runView(store, run, server.accountId, server.origin(), relatedOf(c.req.query("include_related")), server.now());

  app.get(root, (c) => {
    const conditions: [string, SQLInputValue][] = [];
    for (const [name, column] of Object.entries(columns)) {
      const text = c.req.query(name);
      if (text === undefined || text === "") continue;
      if (!/^\d{1,15}$/.test(text)) throw new ApiError(400, `${name} must be a number`);
      conditions.push([`${column} = ?`, Number(text)]);
    }
    const wanted = c.req.query("status__in");
    if (wanted) {
      const numbers = wanted.match(/\d+/g) ?? [];
      conditions.push([`status in (select value from json_each(?))`, JSON.stringify(numbers.map(Number))]);
    }
    for (const column of ["finished_at", "created_at"]) {
      const range = rangeOf(c.req.query(`${column}__range`), column);
      if (range) conditions.push([`${column} >= ?`, range[0]], [`${column} <= ?`, range[1]]);
    }
    const at = paging(c, "-id");
    const order = /^(-?)(id|created_at|finished_at|started_at|status)$/.exec(at.orderBy);
    if (!order) throw new ApiError(400, `order_by: "${at.orderBy}" is none of id, created_at, started_at, finished_at, status`);
    const found = store.runs(conditions, { column: order[2]!, descending: order[1] === "-" }, at.limit, at.offset);
    return page(
      c,
      found.runs.map((run) => view(c, run)),
      found.total,
      at,
    );
  });
  app.get(`${root}/:id`, (c) => ok(c, view(c, find(c))));
  app.post(`${root}/:id/cancel`, (c) => {
    const run = find(c);
    server.queue.stop(run.id, "Cancelled by user.");
    return ok(c, view(c, find(c)));
  });
  app.get(`${root}/:id/artifacts`, (c) => ok(c, store.artifactPaths(find(c).id)));
  app.get(`${root}/:id/artifacts/:path{.+}`, (c) => artifact(c, find(c)));
  app.get("/api/v2/accounts/:account/jobs/:id/artifacts", (c) => ok(c, store.artifactPaths(lastOf(c).id)));
  app.get("/api/v2/accounts/:account/jobs/:id/artifacts/:path{.+}", (c) => artifact(c, lastOf(c)));

  /** The job's latest run that succeeded. */
  function lastOf(c: Context): RunRow {
    const job = store.get("job", pathId(c, "id"));
    const run =
      job &&
      store.runs(
        [
          ["job_id = ?", job.id],
          ["status = ?", status.success],
        ],
        { column: "finished_at", descending: true },
        1,
        0,
      ).runs[0];
    if (!run) throw notFound();
    return run;
  }

  /** Artifacts come raw, without the envelope. */
  function artifact(c: Context, run: RunRow): Response {
    const step = c.req.query("step");
    if (step !== undefined && !/^\d{1,4}$/.test(step)) throw new ApiError(400, "step must be a number");
    const found = store.artifact(
      run.id,
      (c.req.param("path") ?? "").replace(/\/$/, ""),
      step === undefined ? undefined : Number(step),
    );
    if (found === undefined) throw notFound();
    return c.body(found, 200, { "content-type": "application/json" });
  }
}

/** `["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]`, both ends included; an instant without a zone is UTC. */
function rangeOf(text: string | undefined, name: string): [number, number] | undefined {
  if (text === undefined || text === "") return undefined;
  let list: unknown;
  try {
    list = JSON.parse(text.replaceAll("'", '"'));
  } catch {
    list = undefined;
  }
  const range = Array.isArray(list) ? list.map((item) => Date.parse(zoned(String(item)))) : [];
  if (range.length !== 2 || range.some(Number.isNaN)) throw new ApiError(400, `${name}__range must be a list of two instants`);
  return range as [number, number];
}

const zoned = (text: string): string => (/(z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`).replace(" ", "T");
