import { useMutation, useQuery } from "@tanstack/react-query";
import { api, queries } from "../api.ts";
import { Alerts } from "../parts/alerts.tsx";
import { Chip, Status } from "../parts/status.tsx";
import { Ago } from "../parts/time.tsx";

export function DeploymentPage() {
  const { data: workspace } = useQuery(queries.workspace);
  const { data: connections = [] } = useQuery(queries.connections);
  const reload = useMutation({ mutationFn: (name: string) => api.reload(name) });
  return (
    <div className="page">
      <h1>Deployment</h1>
      <h2>Code locations</h2>
      <table>
        <thead>
          <tr>
            <th>Location</th>
            <th>Status</th>
            <th>Assets</th>
            <th>Loaded</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {workspace?.locations.map((location) => (
            <tr key={location.name}>
              <td>{location.name}</td>
              <td>
                <Status
                  value={location.status === "loaded" ? "succeeded" : location.status === "error" ? "failed" : "running"}
                  label={location.status}
                />
                {location.error && (
                  <div className="problem">
                    {location.error.where && <code>{location.error.where}</code>} {location.error.message}
                    {location.error.hint && <div>{location.error.hint}</div>}
                    {location.error.stack && <pre>{location.error.stack}</pre>}
                  </div>
                )}
                {location.warnings.map((warning) => (
                  <div key={warning} className="dim small">
                    {warning}
                  </div>
                ))}
              </td>
              <td>{location.assets}</td>
              <td>
                <Ago at={location.loadedAt} />{" "}
                <span className="dim">{location.loadMs === null ? "" : `in ${Math.round(location.loadMs)} ms`}</span>
              </td>
              <td>
                <button type="button" className="quiet" onClick={() => reload.mutate(location.name)}>
                  Reload
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Alerts />
      <h2>Connections</h2>
      <table>
        <thead>
          <tr>
            <th>Connection</th>
            <th>Served by</th>
            <th>Used by</th>
            <th>Variables</th>
          </tr>
        </thead>
        <tbody>
          {connections.map((connection) => (
            <tr key={connection.name}>
              <td>{connection.title}</td>
              <td>
                <Chip kind={connection.mode === "vendor" ? "h-healthy" : ""}>
                  {connection.mode === "vendor" ? "the vendor" : "local stand-in"}
                </Chip>{" "}
                {connection.answers !== null && <Status value={connection.answers ? "succeeded" : "failed"} bare />}
              </td>
              <td>{connection.usedBy.join(", ")}</td>
              <td className="dim small">{connection.variables.join(" ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
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
              <td>{daemon.lateMs > 0 ? `${(daemon.lateMs / 1_000).toFixed(1)} s` : ""}</td>
              <td className="problem-inline">{daemon.error}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
