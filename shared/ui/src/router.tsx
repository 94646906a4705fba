import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { AlertsPage } from "./pages/alerts.tsx";
import { AssetPage } from "./pages/asset.tsx";
import { AutomationPage } from "./pages/automation.tsx";
import { BackfillPage } from "./pages/backfill.tsx";
import { BackfillsPage } from "./pages/backfills.tsx";
import { CatalogPage } from "./pages/catalog.tsx";
import { ChecksPage } from "./pages/checks.tsx";
import { DeploymentPage } from "./pages/deployment.tsx";
import { SchedulePage, SensorPage } from "./pages/instigator.tsx";
import { JobPage } from "./pages/job.tsx";
import { JobsPage } from "./pages/jobs.tsx";
import { LineagePage } from "./pages/lineage.tsx";
import { OverviewPage } from "./pages/overview.tsx";
import { RunPage } from "./pages/run.tsx";
import { RunsPage } from "./pages/runs.tsx";
import { Shell } from "./parts/shell.tsx";

const root = createRootRoute({ component: Shell, notFoundComponent: () => <p className="empty">There is no such page.</p> });
const page = <P extends string, C extends () => React.ReactNode>(path: P, component: C) =>
  createRoute({ getParentRoute: () => root, path, component });

/** The texts of an address's query that a page knows; what else stands there is left out. */
const texts =
  <const N extends string>(...names: N[]) =>
  (search: Record<string, unknown>): { [K in N]?: string | undefined } =>
    Object.fromEntries(
      names.flatMap((name) => (typeof search[name] === "string" && search[name] ? [[name, search[name]]] : [])),
    ) as {
      [K in N]?: string | undefined;
    };
const searched = <P extends string, C extends () => React.ReactNode, const N extends string>(
  path: P,
  component: C,
  ...names: N[]
) => createRoute({ getParentRoute: () => root, path, component, validateSearch: texts(...names) });

// A key of no length would match the list's path too: the list stands before it, below one route.
const assets = createRoute({ getParentRoute: () => root, path: "/assets" });
const catalog = createRoute({
  getParentRoute: () => assets,
  path: "/",
  component: CatalogPage,
  validateSearch: texts("q", "state"),
});
const asset = createRoute({ getParentRoute: () => assets, path: "$", component: AssetPage, validateSearch: texts("tab") });

export const router = createRouter({
  routeTree: root.addChildren([
    searched("/", LineagePage, "asset"),
    page("/overview", OverviewPage),
    assets.addChildren([catalog, asset]),
    searched("/checks", ChecksPage, "q", "state"),
    page("/jobs", JobsPage),
    page("/jobs/$location/$name", JobPage),
    searched("/runs", RunsPage, "status", "location", "asset", "requestId", "tag", "pool"),
    page("/runs/$id", RunPage),
    page("/backfills", BackfillsPage),
    page("/backfills/$id", BackfillPage),
    page("/automation", AutomationPage),
    page("/schedules/$location/$name", SchedulePage),
    page("/sensors/$location/$name", SensorPage),
    page("/alerts", AlertsPage),
    page("/deployment", DeploymentPage),
  ]),
  defaultPreload: "intent",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
