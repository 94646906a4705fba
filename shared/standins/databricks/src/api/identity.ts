import { notFound } from "../api-error.ts";
import type { App } from "../server.ts";
import type { Workspace } from "../workspace.ts";

/** Who one is, what this host is, and the one SQL warehouse. */
export function identityRoutes(app: App, workspace: Workspace): void {
  const { workspaceId, user, warehouseId } = workspace.settings;
  app.get("/.well-known/databricks-config", (c) =>
    c.json({
      oidc_endpoint: `${workspace.url}/oidc`,
      workspace_id: String(workspaceId),
      cloud: "AWS",
      host_type: "WORKSPACE_HOST",
    }),
  );
  app.get("/api/2.0/preview/scim/v2/Me", (c) =>
    c.json(
      {
        id: "1",
        userName: user,
        displayName: "Local developer",
        active: true,
        emails: [{ type: "work", value: user, primary: true }],
        groups: [{ display: "admins", value: "1" }],
        roles: [],
        entitlements: [],
      },
      200,
      { "X-Databricks-Org-Id": String(workspaceId) },
    ),
  );

  const warehouse = () => ({
    id: warehouseId,
    name: "local",
    size: "X-Small",
    cluster_size: "2X-Small",
    min_num_clusters: 1,
    max_num_clusters: 1,
    num_clusters: 1,
    auto_stop_mins: 0,
    auto_resume: true,
    creator_name: user,
    state: "RUNNING",
    health: { status: "HEALTHY" },
    warehouse_type: "PRO",
    enable_serverless_compute: true,
    jdbc_url: `jdbc:databricks://${new URL(workspace.url).host}/default;httpPath=/sql/1.0/warehouses/${warehouseId}`,
    odbc_params: {
      hostname: new URL(workspace.url).hostname,
      path: `/sql/1.0/warehouses/${warehouseId}`,
      protocol: "http",
      port: Number(new URL(workspace.url).port),
    },
  });
  const known = (id: string) => {
    if (id !== warehouseId) throw notFound(`SQL warehouse ${id} does not exist.`);
  };
  app.get("/api/2.0/sql/warehouses", (c) => c.json({ warehouses: [warehouse()] }));
  app.get("/api/2.0/sql/warehouses/:id", (c) => {
    known(c.req.param("id"));
    return c.json(warehouse());
  });
  app.post("/api/2.0/sql/warehouses/:id/start", (c) => {
    known(c.req.param("id"));
    return c.json({});
  });
}
