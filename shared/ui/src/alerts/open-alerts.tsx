import type { AlertsInfo } from "@kc/host/client";
import { Link } from "@tanstack/react-router";
import { Status } from "../parts/status.tsx";
import { Ago } from "../parts/time.tsx";

type Alert = AlertsInfo["open"][number];

/** What rules have told of and is not over. */
export function OpenAlerts({ open }: { open: Alert[] }) {
  if (open.length === 0) return <p className="dim">Nothing is open.</p>;
  return (
    <table>
      <thead>
        <tr>
          <th>Alert</th>
          <th>About</th>
          <th>Rule</th>
          <th>Since</th>
          <th>Times</th>
        </tr>
      </thead>
      <tbody>
        {open.map((alert) => (
          <tr key={alert.key}>
            <td>
              <Status value={alert.severity === "error" ? "failed" : "warn"} bare /> {alert.title}
              {alert.message && <div className="dim small run-why">{alert.message}</div>}
            </td>
            <td>
              {alert.assets.slice(0, 3).map((key) => (
                <div key={key}>
                  <Link to="/assets/$" params={{ _splat: key }}>
                    {key}
                  </Link>
                </div>
              ))}
              {alert.assets.length > 3 && <span className="dim small">and {alert.assets.length - 3} more</span>}
              {alert.runId && (
                <Link to="/runs/$id" params={{ id: alert.runId }}>
                  <code>{alert.runId}</code>
                </Link>
              )}
              {alert.assets.length === 0 && !alert.runId && alert.subject}
            </td>
            <td>{alert.rule}</td>
            <td>
              <Ago at={alert.openedAt} />
            </td>
            <td>
              {alert.count}
              {alert.toldAt === null && <span className="dim"> muted</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
