import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { api, queries } from "../api.ts";
import { BackfillBar } from "../parts/backfill-bar.tsx";
import { Breakable } from "../parts/breakable.tsx";
import { Chip, Status } from "../parts/status.tsx";
import { Ago, span } from "../parts/time.tsx";
import { counted, policyWord } from "../parts/words.ts";

const actions = {
  running: ["pause", "cancel"],
  paused: ["resume", "cancel"],
  failed: ["retry"],
  cancelled: ["retry"],
} as const;

export function BackfillPage() {
  const { id } = useParams({ from: "/backfills/$id" });
  const { data: one, error } = useQuery(queries.backfill(id));
  const control = useMutation({ mutationFn: (what: "pause" | "resume" | "cancel" | "retry") => api.controlBackfill(id, what) });
  if (error) return <p className="problem">{error.message}</p>;
  if (!one) return <p className="empty">Loading…</p>;
  const possible = one.status in actions ? actions[one.status as keyof typeof actions] : [];
  const policy = policyWord(one.policy);
  return (
    <div className="page">
      <p className="crumbs">
        <Link to="/backfills">Backfills</Link> / <code>{one.id}</code>
      </p>
      <header className="run-head">
        <h1>
          <Status value={one.status} /> <span className="dim">backfill of</span> <Breakable text={one.title} />
        </h1>
        <span className="row right">
          {possible.map((what) => (
            <button
              key={what}
              type="button"
              className={what === "cancel" ? "danger" : "primary"}
              disabled={control.isPending}
              onClick={() => control.mutate(what)}
            >
              {what === "retry" ? "Retry what failed" : what[0]!.toUpperCase() + what.slice(1)}
            </button>
          ))}
        </span>
      </header>
      {control.error && <p className="problem">{control.error.message}</p>}
      {one.reason && <p className="dim">{one.reason}</p>}
      <p className="row dim">
        <span>
          started <Ago at={one.createdAt} />
        </span>
        {one.endedAt && (
          <span>
            ended <Ago at={one.endedAt} />
          </span>
        )}
        <span>{counted(one.runs, "run")}</span>
        {one.etaMs !== null && <span>about {span(one.etaMs)} left</span>}
        {policy && <Chip>{policy}</Chip>}
      </p>
      <BackfillBar progress={one.progress} />
      <h2>Assets</h2>
      <table>
        <thead>
          <tr>
            <th>Asset</th>
            <th>Progress</th>
            <th>Failed or left out</th>
          </tr>
        </thead>
        <tbody>
          {one.assets.map((asset) => (
            <tr key={asset.key}>
              <td>
                <Link to="/assets/$" params={{ _splat: asset.key }} className="key">
                  <Breakable text={asset.key} />
                </Link>
              </td>
              <td>
                <BackfillBar progress={asset} />
              </td>
              <td className="small">
                {[...asset.failedPartitions, ...asset.skippedPartitions].slice(0, 8).map((text) => (
                  <div key={text}>
                    <code>{text}</code>
                  </div>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {one.open.length > 0 && (
        <>
          <h2>Runs that wait or go on</h2>
          <p className="row">
            {one.open.slice(0, 40).map((run) => (
              <Link key={run} to="/runs/$id" params={{ id: run }}>
                <code>{run}</code>
              </Link>
            ))}
            {one.open.length > 40 && <span className="dim">and {one.open.length - 40} more</span>}
          </p>
        </>
      )}
    </div>
  );
}
