import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { queries } from "../api.ts";
import { BackfillBar } from "../parts/backfill-bar.tsx";
import { Breakable } from "../parts/breakable.tsx";
import { Status } from "../parts/status.tsx";
import { Ago } from "../parts/time.tsx";

export function BackfillsPage() {
  const { data: backfills } = useQuery(queries.backfills);
  return (
    <div className="page">
      <h1>Backfills</h1>
      {backfills?.length === 0 && (
        <p className="empty">No backfill yet. A partitioned asset's page starts one, or: kc backfill &lt;selection&gt; --all</p>
      )}
      {backfills && backfills.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>Backfill</th>
              <th>Status</th>
              <th>Assets</th>
              <th>Progress</th>
              <th>Runs</th>
              <th>Started</th>
            </tr>
          </thead>
          <tbody>
            {backfills.map((one) => (
              <tr key={one.id}>
                <td>
                  <Link to="/backfills/$id" params={{ id: one.id }}>
                    <code>{one.id}</code>
                  </Link>
                </td>
                <td>
                  <Status value={one.status} />
                  {one.reason && <div className="dim small">{one.reason}</div>}
                </td>
                <td>
                  <Breakable text={one.title} />
                </td>
                <td>
                  <BackfillBar progress={one.progress} />
                </td>
                <td>{one.runs}</td>
                <td>
                  <Ago at={one.createdAt} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
