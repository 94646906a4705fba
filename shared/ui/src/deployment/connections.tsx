import type { ConnectionInfo } from "@kc/host/client";
import { Chip, Status } from "../parts/status.tsx";

/** Who serves each connection, and whether it answers. */
export function Connections({ connections }: { connections: ConnectionInfo[] }) {
  return (
    <section>
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
                {connection.answers !== null && (
                  <Status
                    value={connection.answers ? "succeeded" : "failed"}
                    label={connection.answers ? "answers" : "does not answer"}
                  />
                )}
              </td>
              <td>{connection.usedBy.join(", ")}</td>
              <td className="dim small">{connection.variables.join(" ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
