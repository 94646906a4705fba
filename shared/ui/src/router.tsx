import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { AssetPage } from "./pages/asset.tsx";
import { AutomationPage } from "./pages/automation.tsx";
import { BackfillPage } from "./pages/backfill.tsx";
import { BackfillsPage } from "./pages/backfills.tsx";
import { DeploymentPage } from "./pages/deployment.tsx";
import { LineagePage } from "./pages/lineage.tsx";
import { RunPage } from "./pages/run.tsx";
import { RunsPage } from "./pages/runs.tsx";
import { Shell } from "./parts/shell.tsx";

const root = createRootRoute({ component: Shell, notFoundComponent: () => <p className="empty">There is no such page.</p> });
const page = <P extends string, C extends () => React.ReactNode>(path: P, component: C) =>
  createRoute({ getParentRoute: () => root, path, component });

const lineage = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: LineagePage,
  validateSearch: (search: Record<string, unknown>): { asset?: string } =>
    typeof search.asset === "string" ? { asset: search.asset } : {},
});

export const router = createRouter({
  routeTree: root.addChildren([
    lineage,
    page("/assets/$", AssetPage),
    page("/runs", RunsPage),
    page("/runs/$id", RunPage),
    page("/backfills", BackfillsPage),
    page("/backfills/$id", BackfillPage),
    page("/automation", AutomationPage),
    page("/deployment", DeploymentPage),
  ]),
  defaultPreload: "intent",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
