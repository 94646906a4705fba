import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { queries } from "../api.ts";
import { RunTable } from "../parts/run-table.tsx";

const filters = {
  all: [],
  active: ["queued", "starting", "running", "cancelling"],
  failed: ["failed", "cancelled", "skipped"],
  succeeded: ["succeeded"],
} as const;

export function RunsPage() {
  const [filter, setFilter] = useState<keyof typeof filters>("all");
  const { data: runs = [] } = useQuery(queries.runs());
  const wanted: readonly string[] = filters[filter];
  return (
    <div className="page">
      <h1>Runs</h1>
      <div className="tabs" role="tablist">
        {(Object.keys(filters) as (keyof typeof filters)[]).map((name) => (
          <button key={name} type="button" role="tab" aria-selected={filter === name} onClick={() => setFilter(name)}>
            {name}{" "}
            <span className="dim">
              {runs.filter((run) => name === "all" || (filters[name] as readonly string[]).includes(run.status)).length}
            </span>
          </button>
        ))}
      </div>
      <RunTable runs={runs.filter((run) => filter === "all" || wanted.includes(run.status))} />
    </div>
  );
}
