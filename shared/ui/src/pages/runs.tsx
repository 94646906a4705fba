import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { queries } from "../api.ts";
import { RunList, runStatuses } from "../parts/run-list.tsx";
import { Tabs } from "../parts/tabs.tsx";

const words = { location: "in", asset: "of", requestId: "of request", tag: "with", pool: "with pool" } as const;

export function RunsPage() {
  const search = useSearch({ from: "/runs" });
  const navigate = useNavigate({ from: "/runs" });
  const { data: workspace } = useQuery(queries.workspace);
  const names = Object.keys(runStatuses) as (keyof typeof runStatuses)[];
  const chosen = names.find((name) => runStatuses[name] === search.status) ?? "all";
  const narrowed = (Object.keys(words) as (keyof typeof words)[]).filter((name) => search[name] && name !== "location");
  return (
    <div className="page">
      <h1>Runs</h1>
      <div className="row">
        <Tabs
          label="Status"
          names={names}
          chosen={chosen}
          onChoose={(name) => void navigate({ search: { ...search, status: runStatuses[name] }, replace: true })}
        />
        <select
          aria-label="Location"
          value={search.location ?? ""}
          onChange={(event) => void navigate({ search: { ...search, location: event.target.value || undefined }, replace: true })}
        >
          <option value="">every location</option>
          {workspace?.locations.map((location) => (
            <option key={location.name}>{location.name}</option>
          ))}
        </select>
        {narrowed.map((name) => (
          <Link key={name} to="/runs" search={{ ...search, [name]: undefined }} className="chip" title="Show others too">
            {words[name]} {search[name]} ✕
          </Link>
        ))}
      </div>
      <RunList filter={search} empty={Object.keys(search).length > 0 ? "No run is like that." : "No runs yet."} />
    </div>
  );
}
