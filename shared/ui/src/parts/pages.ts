/** The pages that the navigation leads to, each with the path of its icon. */
export const pages = [
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

/** What a browser calls the page of a path: the thing itself first, as tabs are narrow. */
export function titleOf(path: string): string {
  const [first = "", ...rest] = path.split("/").slice(1);
  const page = pages.find(({ to }) => to === `/${first}`)?.label ?? { schedules: "Schedules", sensors: "Sensors" }[first];
  // Of what belongs to a location its name is enough.
  const name = ["jobs", "schedules", "sensors"].includes(first) ? rest.slice(1) : rest;
  return [...(name.length > 0 ? [name.map(decodeURIComponent).join("/")] : []), ...(page ? [page] : []), "kc"].join(" · ");
}
