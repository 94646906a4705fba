import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Hono } from "hono";
import { z } from "zod";
import { ApiError, body, instant, notFound, ok, page, paging, pathId } from "../envelope.ts";
import type { Server } from "../server.ts";
import type { Doc, Kind } from "../store.ts";

const name = z.string().trim().min(1).max(200);
const shapes = {
  project: z.object({
    name,
    description: z.string().default(""),
    dbt_project_subdirectory: z.string().nullish(),
    repository_id: z.int().nullish(),
    connection_id: z.int().nullish(),
  }),
  environment: z.object({
    name,
    type: z.enum(["deployment", "development"]).default("deployment"),
    deployment_type: z.string().nullish(),
    dbt_version: z.string().default("latest"),
    use_custom_branch: z.boolean().default(false),
    custom_branch: z.string().nullish(),
  }),
  repository: z.object({ remote_url: z.string().min(1), git_clone_strategy: z.string().default("local_folder") }),
} as const;

/** The folder of a repository's `remote_url`: the stand-in runs projects of this machine, by path or file: URL. */
export function folderOf(remoteUrl: string): string {
  const path = remoteUrl.startsWith("file:") ? fileURLToPath(remoteUrl) : remoteUrl;
  if (!isAbsolute(path))
    throw new ApiError(
      400,
      `remote_url "${remoteUrl}" is no absolute path: the local dbt Cloud runs projects of this machine; cloning a git repository is not supported. Use file:///path/to/project.`,
    );
  if (!existsSync(join(path, "dbt_project.yml"))) throw new ApiError(400, `remote_url "${remoteUrl}" has no dbt_project.yml.`);
  return path;
}

function valid<T>(shape: z.ZodType<T>, given: Record<string, unknown>): T {
  const result = shape.safeParse(given);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new ApiError(400, `${issue.path.join(".") || "body"}: ${issue.message}`);
}

/** Projects, environments and repositories: API v3, and what of it v2 has too. */
export function projectRoutes(app: Hono, server: Server): void {
  const { store } = server;
  const stamp = () => instant(server.now());
  const find = (kind: Kind, id: number, projectId?: number): Doc => {
    const found = store.get(kind, id);
    if (!found || (projectId !== undefined && found.project_id !== projectId)) throw notFound();
    return found;
  };
  for (const version of ["v2", "v3"]) {
    const root = `/api/${version}/accounts/:account`;
    app.get(root, (c) =>
      ok(c, { id: server.accountId, name: "Local account", state: 1, plan: "local", run_slots: 3, developer_seats: 1 }),
    );
    app.get(`${root}/projects`, (c) => {
      const found = store
        .list("project")
        .filter(
          (project) =>
            !c.req.query("name__icontains") ||
            String(project.name).toLowerCase().includes(c.req.query("name__icontains")!.toLowerCase()),
        );
      const at = paging(c);
      return page(c, found.slice(at.offset, at.offset + at.limit), found.length, at);
    });
    app.post(`${root}/projects`, async (c) => {
      const given = valid(shapes.project, await body(c));
      return ok(
        c,
        store.add("project", { ...given, account_id: server.accountId, state: 1, created_at: stamp(), updated_at: stamp() }),
        201,
      );
    });
    app.get(`${root}/projects/:id`, (c) => ok(c, find("project", pathId(c, "id"))));
    app.post(`${root}/projects/:id`, async (c) => {
      const before = find("project", pathId(c, "id"));
      const given = valid(shapes.project.partial(), await body(c));
      if (typeof given.repository_id === "number") find("repository", given.repository_id);
      return ok(c, store.put("project", { ...before, ...given, id: before.id, updated_at: stamp() }));
    });
    app.delete(`${root}/projects/:id`, (c) => {
      const project = find("project", pathId(c, "id"));
      store.remove("project", project.id);
      return ok(c, { ...project, state: 2 });
    });
    app.get(`${root}/environments`, (c) => environments(c.req.query("project_id"), c));
    app.get(`${root}/environments/:id`, (c) => ok(c, find("environment", pathId(c, "id"))));
  }

  function environments(project: string | undefined, c: Parameters<typeof page>[0]): Response {
    const found = store
      .list("environment")
      .filter((environment) => project === undefined || String(environment.project_id) === project);
    const at = paging(c);
    return page(c, found.slice(at.offset, at.offset + at.limit), found.length, at, { project_id: project ?? null });
  }

  const project = "/api/v3/accounts/:account/projects/:project";
  app.get(`${project}/environments`, (c) => environments(String(find("project", pathId(c, "project")).id), c));
  app.post(`${project}/environments`, async (c) => {
    const owner = find("project", pathId(c, "project"));
    const given = valid(shapes.environment, await body(c));
    return ok(
      c,
      store.add("environment", {
        ...given,
        account_id: server.accountId,
        project_id: owner.id,
        state: 1,
        created_at: stamp(),
        updated_at: stamp(),
      }),
      201,
    );
  });
  app.get(`${project}/environments/:id`, (c) => ok(c, find("environment", pathId(c, "id"), pathId(c, "project"))));
  app.get(`${project}/repositories`, (c) => {
    const found = store.list("repository").filter((repository) => repository.project_id === pathId(c, "project"));
    return page(c, found, found.length, paging(c));
  });
  app.post(`${project}/repositories`, async (c) => {
    const owner = find("project", pathId(c, "project"));
    const given = valid(shapes.repository, await body(c));
    folderOf(given.remote_url);
    return ok(
      c,
      store.add("repository", { ...given, account_id: server.accountId, project_id: owner.id, state: 1, created_at: stamp() }),
      201,
    );
  });
  app.get(`${project}/repositories/:id`, (c) => ok(c, find("repository", pathId(c, "id"), pathId(c, "project"))));
}
