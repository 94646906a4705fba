import type { Timeline as Data } from "@kc/host/client";
import { Link } from "@tanstack/react-router";
import { Fragment, useMemo } from "react";
import { locationColor } from "../lineage/color.ts";
import { span } from "../parts/time.tsx";
import { axisMarks, type TimelineRow, timelineRows } from "./rows.ts";

type Place = (at: number) => string;

/** Runs of the last hours and the ticks to come on one axis of time, a row for each job. */
export function Timeline({ data, now, pastMs, aheadMs }: { data: Data; now: number; pastMs: number; aheadMs: number }) {
  const from = now - pastMs;
  const to = now + aheadMs;
  const rows = useMemo(() => timelineRows(data), [data]);
  const place: Place = (at) => `${Math.min(100, Math.max(0, ((at - from) / (to - from)) * 100))}%`;
  // A word of its own says "now": marks that it would cover are left out, and those that would stand out at an end.
  const share = (at: number) => Math.abs(at - now) / (to - from);
  const marks = axisMarks(from, to).filter((at) => share(at) > 0.04 && to - at > (to - from) * 0.02);
  if (rows.length === 0)
    return (
      <p className="empty">
        Nothing has run in this time, and no schedule that is on will tick: turn one on, or materialize an asset.
      </p>
    );
  return (
    <div className="gantt">
      <div className="gantt-row gantt-axis" aria-hidden="true">
        <span />
        <span className="gantt-track">
          {marks.map((at) => (
            <span
              key={at}
              className={at - from < (to - from) * 0.02 ? "gantt-mark at-edge" : "gantt-mark"}
              style={{ left: place(at) }}
            >
              {clock(at, pastMs)}
            </span>
          ))}
          <b className="gantt-now-word" style={{ left: place(now) }}>
            now
          </b>
        </span>
      </div>
      <div className="gantt-rows">
        {rows.map((row, index) => (
          <Fragment key={`${row.location} ${row.name}`}>
            {rows[index - 1]?.location !== row.location && (
              <div className="gantt-location">
                <i style={{ background: locationColor(row.location) }} /> {row.location}
              </div>
            )}
            <Row row={row} from={from} now={now} to={to} place={place} />
          </Fragment>
        ))}
      </div>
      {data.more && <p className="dim small">Older runs of this time are left out: there were more than a thousand.</p>}
    </div>
  );
}

function Row({ row, from, now, to, place }: { row: TimelineRow; from: number; now: number; to: number; place: Place }) {
  const [, kind = "", name = row.name] = /^(job|schedule|sensor) (.+)$/s.exec(row.name) ?? [];
  const label = (
    <>
      {kind && <span className="dim">{kind} </span>}
      {name}
    </>
  );
  return (
    <div className="gantt-row">
      <span className="gantt-name" title={row.name}>
        {kind === "job" ? (
          <Link to="/jobs/$location/$name" params={{ location: row.location, name }}>
            {label}
          </Link>
        ) : (
          label
        )}
      </span>
      <span className="gantt-track">
        <i className="gantt-now" style={{ left: place(now) }} />
        {row.runs.toReversed().map((run) => {
          const begin = Date.parse(run.startedAt ?? run.createdAt);
          const end = run.endedAt ? Date.parse(run.endedAt) : run.startedAt ? now : begin;
          if (end < from) return null;
          return (
            <Link
              key={run.id}
              to="/runs/$id"
              params={{ id: run.id }}
              className={`bar b-${run.status}`}
              style={{ left: place(begin), width: `max(4px, calc(${place(end)} - ${place(begin)}))` }}
              title={`${run.title}: ${run.status}${run.startedAt ? `, ${span(end - begin)}` : ""}, ${new Date(begin).toLocaleString()}${run.reason ? `\n${run.reason}` : ""}`}
              aria-label={`run ${run.id} ${run.status}`}
            />
          );
        })}
        {apart(row.ticks, now, to, (to - from) / 80).map(({ tick, at, more }) => (
          <Link
            key={tick.at + tick.name}
            to="/schedules/$location/$name"
            params={{ location: tick.location, name: tick.name }}
            className="tick"
            style={{ left: place(at) }}
            title={`${tick.name} at ${new Date(at).toLocaleString()}${more > 0 ? ` and ${more} more soon after` : ""}`}
            aria-label={`tick of ${tick.name}`}
          />
        ))}
      </span>
    </div>
  );
}

/** The ticks within the picture, those that would lie on each other as one. */
function apart(ticks: TimelineRow["ticks"], now: number, to: number, leastMs: number) {
  const shown: { tick: TimelineRow["ticks"][number]; at: number; more: number }[] = [];
  for (const tick of ticks) {
    const at = Date.parse(tick.at);
    const last = shown.at(-1);
    if (at <= now || at > to) continue;
    if (last && at - last.at < leastMs) last.more++;
    else shown.push({ tick, at, more: 0 });
  }
  return shown;
}

function clock(at: number, pastMs: number): string {
  const date = new Date(at);
  const time = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  return pastMs <= 86_400_000 ? time : time === "00:00" ? date.toLocaleDateString([], { day: "numeric", month: "short" }) : time;
}
