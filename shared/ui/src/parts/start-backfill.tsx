import type { BackfillBody } from "@kc/host/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, queries } from "../api.ts";
import { Tabs } from "./tabs.tsx";
import { counted } from "./words.ts";

const scopes = {
  latest: { scope: "latest" },
  missing: { only: "missing" },
  failed: { only: "failed" },
  all: { scope: "all" },
} as const;

/** Chooses partitions, says what would be made of them, and starts a backfill. `range` is what was chosen in the grid. */
export function StartBackfill({ selection, range, clear }: { selection: string; range: string | undefined; clear(): void }) {
  const [scope, setScope] = useState<keyof typeof scopes>("latest");
  const [downstream, setDownstream] = useState(false);
  const navigate = useNavigate();
  const body: BackfillBody = {
    selection: downstream ? `${selection}+` : selection,
    ...(range ? { partitions: [range] } : scopes[scope]),
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
          <Tabs
            label="Which partitions"
            names={Object.keys(scopes) as (keyof typeof scopes)[]}
            chosen={scope}
            onChoose={setScope}
          />
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
          {plan.data ? `Make ${counted(plan.data.partitions, "partition")}` : "Make"}
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
