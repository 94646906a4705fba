import type { Run } from "@kc/host/client";
import { Link } from "@tanstack/react-router";
import { Breakable } from "./breakable.tsx";
import { Cause } from "./cause.tsx";
import { RunText } from "./run-text.tsx";
import { Status } from "./status.tsx";
import { Ago, Duration } from "./time.tsx";

export function RunTable({ runs, empty = "No runs yet." }: { runs: Run[]; empty?: string }) {
  if (runs.length === 0) return <p className="empty">{empty}</p>;
  return (
    <table className="runs">
      <thead>
        <tr>
          <th>Run</th>
          <th>Status</th>
          <th>Assets</th>
          <th>Location</th>
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
            </td>
            <td title={[...run.assets, ...run.checks].join("\n")}>
              {run.checks.length > 0 ? (
                run.checks.length === 1 ? (
                  <Breakable text={run.checks[0]!} />
                ) : (
                  `${run.checks.length} checks`
                )
              ) : run.assets.length === 1 ? (
                <Breakable text={run.assets[0]!} />
              ) : (
                `${run.assets.length} assets`
              )}
              {run.partition && <div className="dim small">{run.partition}</div>}
              {(run.waitsFor ?? run.reason) && (
                <div className="dim small run-why">
                  <RunText text={run.waitsFor ?? run.reason ?? ""} />
                </div>
              )}
            </td>
            <td>{run.location}</td>
            <td className="run-cause">
              <Cause run={run} />
            </td>
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
