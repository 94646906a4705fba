import { useQuery } from "@tanstack/react-query";
import { queries } from "../api.ts";
import { Status } from "../parts/status.tsx";
import { Ago, span } from "../parts/time.tsx";

/** Who leads, and the loops of the daemon with their heartbeats. */
export function Daemons() {
  const { data: workspace } = useQuery(queries.daemons);
  return (
    <section>
      <h2>Daemons</h2>
      {workspace?.leader && (
        <p className="dim">
          {workspace.leader.leads
            ? "This host leads"
            : `This host stands by: ${workspace.leader.host ?? "another host"} (process ${workspace.leader.pid ?? "?"}) leads`}
          {workspace.leader.since && (
            <>
              , since <Ago at={workspace.leader.since} />
            </>
          )}
        </p>
      )}
      <table>
        <thead>
          <tr>
            <th>Loop</th>
            <th>Last heartbeat</th>
            <th>Last look</th>
            <th>Late</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {workspace?.daemons.map((daemon) => (
            <tr key={daemon.name}>
              <td>{daemon.name}</td>
              <td>
                <Status value={daemon.error ? "failed" : "succeeded"} bare /> <Ago at={daemon.lastHeartbeat} />
              </td>
              <td>
                <Ago at={daemon.lastLook} />
              </td>
              <td>{daemon.lateMs > 0 ? span(daemon.lateMs) : ""}</td>
              <td className="problem-inline">{daemon.error}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
