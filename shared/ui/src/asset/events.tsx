import type { AssetDetail } from "@kc/host/client";
import { Link } from "@tanstack/react-router";
import { MetadataList } from "../parts/metadata.tsx";
import { Status } from "../parts/status.tsx";
import { Ago } from "../parts/time.tsx";

const marks: Record<string, string> = { materialization: "succeeded", unchanged: "missing", observation: "queued" };

/** What happened to an asset: materializations, observations, and when it was found unchanged. */
export function Events({ asset }: { asset: AssetDetail }) {
  if (asset.history.length === 0) return <p className="empty">Nothing has happened to it yet.</p>;
  return (
    <table>
      <thead>
        <tr>
          <th>When</th>
          <th>What</th>
          <th>Metadata</th>
          <th>Run</th>
        </tr>
      </thead>
      <tbody>
        {asset.history.map((event) => (
          <tr key={event.eventId}>
            <td>
              <Ago at={event.at} />
            </td>
            <td>
              <Status value={marks[event.type] ?? "missing"} label={event.type} />
            </td>
            <td>
              <MetadataList metadata={event.metadata} />
            </td>
            <td>
              {event.runId && (
                <Link to="/runs/$id" params={{ id: event.runId }}>
                  <code>{event.runId}</code>
                </Link>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
