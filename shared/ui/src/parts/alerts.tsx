import { useQuery } from "@tanstack/react-query";
import { queries } from "../api.ts";
import { Status } from "./status.tsx";
import { Ago } from "./time.tsx";

/** What is open, and which channels fail; nothing while kc.yaml has no rules. */
export function Alerts() {
  const { data } = useQuery(queries.alerts);
  if (!data || data.rules.length === 0) return null;
  const failing = data.channels.filter((channel) => channel.failing !== null);
  return (
    <>
      <h2>Alerts</h2>
      {failing.map((channel) => (
        <div key={channel.name} className="problem">
          Channel {channel.name} does not take messages: {channel.failing}
        </div>
      ))}
      {data.rules
        .filter((rule) => rule.problem !== null)
        .map((rule) => (
          <div key={rule.name} className="problem">
            Rule {rule.name}: {rule.problem}
          </div>
        ))}
      {data.open.length === 0 ? (
        <p className="dim">Nothing is open.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th>Alert</th>
              <th>Rule</th>
              <th>Since</th>
              <th>Times</th>
            </tr>
          </thead>
          <tbody>
            {data.open.map((alert) => (
              <tr key={alert.key}>
                <td>
                  <Status value={alert.severity === "error" ? "failed" : "skipped"} bare /> {alert.title}
                  {alert.message && <div className="dim small">{alert.message}</div>}
                </td>
                <td>{alert.rule}</td>
                <td>
                  <Ago at={alert.openedAt} />
                </td>
                <td>
                  {alert.count}
                  {alert.toldAt === null ? " (muted)" : ""}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}
