import type { BackfillBody } from "@kc/host/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, queries } from "../api.ts";

const scopes = {
  latest: { label: "latest", body: { scope: "latest" } },
  missing: { label: "missing", body: { only: "missing" } },
  failed: { label: "failed", body: { only: "failed" } },
  all: { label: "all", body: { scope: "all" } },
} as const;

/** Chooses partitions, says what would be made of them, and starts a backfill. `range` is what was chosen in the grid. */
export function StartBackfill({ selection, range, clear }: { selection: string; range: string | undefined; clear(): void }) {
  const [scope, setScope] = useState<keyof typeof scopes>("latest");
  const [downstream, setDownstream] = useState(false);
  const navigate = useNavigate();
  const body: BackfillBody = {
    selection: downstream ? `${selection}+` : selection,
    ...(range ? { partitions: [range] } : scopes[scope].body),
  };
  const plan = useQuery({ ...queries.backfillPlan(body), retry: false });
  const start = useMutation({
    mutationFn: () => api.startBackfill(body),
    onSuccess: ({ id }) => void navigate({ to: "/backfills/$id", params: { id } }),
  });
  const error = start.error ?? plan.error;
  return (
    <div className="start-backfill">
      <div className="row">
        {range ? (
          <button type="button" className="quiet" title="Choose by status again" onClick={clear}>
            <code>{range}</code> ✕
          </button>
        ) : (
          <span className="tabs" role="tablist">
            {(Object.keys(scopes) as (keyof typeof scopes)[]).map((name) => (
              <button key={name} type="button" role="tab" aria-selected={scope === name} onClick={() => setScope(name)}>
                {scopes[name].label}
              </button>
            ))}
          </span>
        )}
        <label className="row">
          <input type="checkbox" checked={downstream} onChange={(event) => setDownstream(event.target.checked)} /> with downstream
        </label>
        <button
          type="button"
          className="primary"
          disabled={start.isPending || plan.isFetching || Boolean(plan.error)}
          onClick={() => start.mutate()}
        >
          {plan.data ? `Make ${plan.data.partitions.toLocaleString("en")}` : "Make"}
        </button>
      </div>
      {error && (
        <p className={start.error ? "problem" : "dim"} role="status">
          {error.message}
        </p>
      )}
      {plan.data && plan.data.assets.length > 1 && (
        <p className="dim small">{plan.data.assets.map((one) => `${one.key}: ${one.count}`).join(" · ")}</p>
      )}
    </div>
  );
}
