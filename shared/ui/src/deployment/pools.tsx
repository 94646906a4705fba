import type { Pool } from "@kc/host/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, queries } from "../api.ts";

const sources = { command: "set by hand", "kc.yaml": "by kc.yaml", default: "the default limit", none: "no limit" };

/** Pools with their slots, who holds them and who waits. */
export function Pools() {
  const { data: pools = [] } = useQuery(queries.pools);
  return (
    <section>
      <h2>Pools</h2>
      {pools.length === 0 ? (
        <p className="dim">No step uses a pool: pool: "name" on an asset limits how many run at one time.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th>Pool</th>
              <th>Slots</th>
              <th>Held by</th>
              <th>Waiting</th>
              <th>Set</th>
            </tr>
          </thead>
          <tbody>
            {pools.map((pool) => (
              <tr key={pool.name}>
                <td>
                  <Link to="/runs" search={{ pool: pool.name }} title="The runs that used it">
                    <b>{pool.name}</b>
                  </Link>
                  <div className="dim small">for {pool.granularity === "run" ? "a whole run" : "each step"}</div>
                </td>
                <td>
                  <Slots pool={pool} />
                </td>
                <td>
                  {pool.holders.length === 0 ? (
                    <span className="dim">nobody</span>
                  ) : (
                    pool.holders.map((one) => <Claim key={one.runId + one.step} claim={one} />)
                  )}
                </td>
                <td>
                  {pool.waiting.length === 0 ? (
                    <span className="dim">nobody</span>
                  ) : (
                    pool.waiting.map((one) => <Claim key={one.runId + one.step} claim={one} />)
                  )}
                </td>
                <td>
                  <SetSlots pool={pool} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Slots({ pool: { slots, taken, by } }: { pool: Pool }) {
  return (
    <>
      {slots === 0 ? <b className="f-warn">paused</b> : `${taken} of ${slots ?? "any number"} taken`}
      {slots !== null && slots > 0 && (
        <div className="meter small-meter" role="progressbar" aria-valuemin={0} aria-valuemax={slots} aria-valuenow={taken}>
          <i className="p-inProgress" style={{ width: `${Math.min(100, (taken / slots) * 100)}%` }} />
        </div>
      )}
      <div className="dim small">{sources[by]}</div>
    </>
  );
}

function Claim({ claim: { runId, step, weight } }: { claim: { runId: string; step: string; weight: number } }) {
  return (
    <div>
      <Link to="/runs/$id" params={{ id: runId }}>
        <code>{runId}</code>
      </Link>{" "}
      {step} {weight > 1 && <span className="dim small">{weight} slots</span>}
    </div>
  );
}

function SetSlots({ pool }: { pool: Pool }) {
  const client = useQueryClient();
  const [text, setText] = useState("");
  const set = useMutation({
    mutationFn: (slots: number | null) => api.setPool(pool.name, slots),
    onSuccess: () => {
      setText("");
      return client.invalidateQueries({ queryKey: ["pools"] });
    },
  });
  return (
    <form
      className="row tight"
      onSubmit={(event) => {
        event.preventDefault();
        set.mutate(Number(text));
      }}
    >
      <input
        type="number"
        min={0}
        step={1}
        aria-label={`Slots of ${pool.name}`}
        placeholder={String(pool.slots ?? "any")}
        value={text}
        onChange={({ target }) => setText(target.value)}
      />
      <button type="submit" disabled={text === "" || set.isPending}>
        Set
      </button>
      {pool.by === "command" && (
        <button
          type="button"
          className="quiet"
          title="Let kc.yaml count again"
          disabled={set.isPending}
          onClick={() => set.mutate(null)}
        >
          Take back
        </button>
      )}
      {set.error && <span className="problem-inline small">{set.error.message}</span>}
    </form>
  );
}
