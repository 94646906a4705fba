import type { Tick } from "@kc/host/client";
import { Link } from "@tanstack/react-router";
import { Breakable } from "../parts/breakable.tsx";
import { Chip } from "../parts/status.tsx";
import { TickReason, TickStatus } from "../parts/tick-text.tsx";
import { Ago, span } from "../parts/time.tsx";

/** Ticks, the newest first: how each ended, what it made and how late it was. */
export function TickTable({ ticks, named = false }: { ticks: Tick[]; named?: boolean }) {
  if (ticks.length === 0) return <p className="empty">No tick yet.</p>;
  return (
    <table>
      <thead>
        <tr>
          <th>When</th>
          {named && <th>Of</th>}
          <th>Outcome</th>
          <th>Why</th>
          <th>Runs</th>
          <th>Late</th>
          <th>Took</th>
        </tr>
      </thead>
      <tbody>
        {ticks.map((tick) => (
          <tr key={tick.id}>
            <td>
              <Ago at={tick.at} />
              {tick.manual && (
                <>
                  {" "}
                  <Chip>by hand</Chip>
                </>
              )}
            </td>
            {named && (
              <td>
                <Link
                  to={tick.type === "schedule" ? "/schedules/$location/$name" : "/sensors/$location/$name"}
                  params={{ location: tick.location, name: tick.name }}
                >
                  <Breakable text={`${tick.location}/${tick.name}`} />
                </Link>
              </td>
            )}
            <td>
              <TickStatus tick={tick} />
            </td>
            <td>
              <TickReason tick={tick} />
            </td>
            <td>
              {tick.requestIds.slice(0, 5).map((id) => (
                <div key={id}>
                  <Link to="/runs" search={{ requestId: id }}>
                    <code>{id}</code>
                  </Link>
                </div>
              ))}
              {tick.requestIds.length > 5 && <span className="dim small">and {tick.requestIds.length - 5} more</span>}
            </td>
            <td className={late(tick) ? "f-warn" : "dim"}>{tick.lateMs === null ? "" : span(tick.lateMs)}</td>
            <td className="dim">
              {tick.startedAt && tick.endedAt ? span(Date.parse(tick.endedAt) - Date.parse(tick.startedAt)) : ""}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const late = ({ lateMs }: Tick): boolean => lateMs !== null && lateMs > 30_000;
