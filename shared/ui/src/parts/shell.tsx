import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { useEffect } from "react";
import { queries } from "../api.ts";
import { useLive } from "../live.ts";
import { pages, titleOf } from "./pages.ts";
import { Search } from "./search.tsx";

/** The frame of every page: navigation, what is wrong with the workspace, whether the page is live. */
export function Shell() {
  const connected = useLive();
  const { data: workspace } = useQuery(queries.workspace);
  const { data: alerts } = useQuery(queries.alerts);
  const broken = workspace?.locations.filter((location) => location.status === "error") ?? [];
  const open = alerts?.open.length ?? 0;
  const { pathname } = useLocation();
  useEffect(() => {
    document.title = titleOf(pathname);
  }, [pathname]);
  return (
    <div className="shell">
      <a href="#content" className="skip">
        Skip the navigation
      </a>
      <nav aria-label="Pages">
        <Link to="/overview" className="brand" aria-label="kc">
          <img src="/icon.svg" alt="" /> <span className="nav-word">kc</span>
        </Link>
        <Search />
        {pages.map(({ to, label, icon }) => (
          <Link key={to} to={to} activeOptions={{ exact: to === "/", includeSearch: false }} className="nav-link" title={label}>
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d={icon} />
            </svg>
            <span className="nav-word">{label}</span>
            {to === "/alerts" && open > 0 && (
              <span className="nav-count" title={`${open} open`}>
                {open}
              </span>
            )}
          </Link>
        ))}
        <div className="nav-foot">
          <span className={`live ${connected ? "on" : "off"}`} role="status">
            {connected ? "live" : "reconnecting…"}
          </span>
          <a href="/api/docs">API</a>
        </div>
      </nav>
      <main id="content" tabIndex={-1}>
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
