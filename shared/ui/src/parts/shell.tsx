import { useQuery } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { queries } from "../api.ts";
import { useLive } from "../live.ts";

const pages = [
  { to: "/overview", label: "Overview", icon: "M4 19V9M10 19V5M16 19v-7M21 19H3" },
  { to: "/", label: "Lineage", icon: "M4 6h5v4H4zM15 4h5v4h-5zM15 14h5v4h-5zM9 8h3v-2h3M12 8v8h3" },
  { to: "/assets", label: "Assets", icon: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9" },
  { to: "/checks", label: "Checks", icon: "M4 6l2 2 3-3M4 13l2 2 3-3M4 20l2 2 3-3M12 7h8M12 14h8M12 20h8" },
  { to: "/jobs", label: "Jobs", icon: "M4 8h16v11H4zM9 8V5h6v3M4 13h16" },
  { to: "/runs", label: "Runs", icon: "M6 5l12 7-12 7z" },
  { to: "/backfills", label: "Backfills", icon: "M4 5h4v4H4zM10 5h4v4h-4zM16 5h4v4h-4zM4 11h4v4H4zM10 11h4v4h-4zM4 17h4v3H4z" },
  { to: "/automation", label: "Automation", icon: "M12 4a8 8 0 108 8M12 7v5l3 3M16 4h4v4" },
  { to: "/alerts", label: "Alerts", icon: "M6 17V11a6 6 0 0112 0v6l2 2H4zM10 21h4" },
  { to: "/deployment", label: "Deployment", icon: "M4 5h16v5H4zM4 14h16v5H4zM7 7.5h.01M7 16.5h.01" },
] as const;

/** The frame of every page: navigation, what is wrong with the workspace, whether the page is live. */
export function Shell() {
  const connected = useLive();
  const { data: workspace } = useQuery(queries.workspace);
  const { data: alerts } = useQuery(queries.alerts);
  const broken = workspace?.locations.filter((location) => location.status === "error") ?? [];
  const open = alerts?.open.length ?? 0;
  return (
    <div className="shell">
      <nav aria-label="Pages">
        <Link to="/overview" className="brand" aria-label="kc">
          <img src="/icon.svg" alt="" /> <span className="nav-word">kc</span>
        </Link>
        {pages.map(({ to, label, icon }) => (
          <Link key={to} to={to} activeOptions={{ exact: to === "/", includeSearch: false }} className="nav-link" title={label}>
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d={icon} />
            </svg>
            <span className="nav-word">{label}</span>
            {to === "/alerts" && open > 0 && <span className="nav-count">{open}</span>}
          </Link>
        ))}
        <div className="nav-foot">
          <span className={`live ${connected ? "on" : "off"}`}>{connected ? "live" : "reconnecting…"}</span>
          <a href="/api/docs">API</a>
        </div>
      </nav>
      <main>
        {broken.map((location) => (
          <div key={location.name} className="banner bad" role="alert">
            <b>{location.name}</b> does not load: {location.error?.where && <code>{location.error.where}</code>}{" "}
            {location.error?.message}
          </div>
        ))}
        {workspace?.problems.map((problem) => (
          <div key={problem.message} className="banner warn" role="alert">
            {problem.message}
          </div>
        ))}
        <Outlet />
      </main>
    </div>
  );
}
