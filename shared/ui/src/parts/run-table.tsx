import type { Run } from "@kc/host/client";
import { Link } from "@tanstack/react-router";
import { Status } from "./status.tsx";
import { Ago, Duration } from "./time.tsx";

/** Why a run came to be, in a few words. */
export function causeOf(run: Run): string {
  const { tags } = run;
  if (tags["kc/backfill"]) return `backfill ${tags["kc/backfill"]}`;
  if (tags["kc/schedule"]) return `schedule ${tags["kc/schedule"]}`;
  if (tags["kc/sensor"]) return `sensor ${tags["kc/sensor"]}`;
  if (tags["kc/automation"]) return "automation";
  if (tags["kc/retry_of"]) return "retry";
  if (tags["kc/job"]) return `job ${tags["kc/job"]}`;
  return "by hand";
}

export function RunTable({ runs }: { runs: Run[] }) {
  if (runs.length === 0) return <p className="empty">No runs yet.</p>;
  return (
    <table className="runs">
      <thead>
        <tr>
          <th>Run</th>
          <th>Status</th>
          <th>Location</th>
          <th>Assets</th>
          <th>Cause</th>
          <th>Created</th>
          <th>Took</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <tr key={run.id}>
            <td>
              <Link to="/runs/$id" params={{ id: run.id }}>
                <code>{run.id}</code>
              </Link>
            </td>
            <td>
              <Status value={run.status} />
              {(run.waitsFor ?? run.reason) && <div className="dim small">{run.waitsFor ?? run.reason}</div>}
            </td>
            <td>{run.location}</td>
            <td title={[...run.assets, ...run.checks].join("\n")}>
              {run.checks.length > 0
                ? run.checks.length === 1
                  ? run.checks[0]
                  : `${run.checks.length} checks`
                : run.assets.length === 1
                  ? run.assets[0]
                  : `${run.assets.length} assets`}
              {run.partition && <div className="dim small">{run.partition}</div>}
            </td>
            <td>{causeOf(run)}</td>
            <td>
              <Ago at={run.createdAt} />
            </td>
            <td>
              <Duration from={run.startedAt} to={run.endedAt} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
