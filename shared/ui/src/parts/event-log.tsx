import type { RunEvent } from "@kc/host/client";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { MetadataList } from "./metadata.tsx";
import { RunText } from "./run-text.tsx";
import { isCancelled } from "./step-timeline.tsx";
import { Tabs } from "./tabs.tsx";
import { counted } from "./words.ts";

const kinds = {
  all: () => true,
  events: (event: RunEvent) => event.type !== "log",
  logs: (event: RunEvent) => event.type === "log",
  problems: isProblem,
} as const;

function isProblem(event: RunEvent): boolean {
  if (isCancelled(event)) return false;
  return (
    event.level === "error" ||
    event.level === "warn" ||
    event.error !== undefined ||
    (event.check !== undefined && !event.check.passed) ||
    event.type === "run_failed"
  );
}

/** The events of a run, virtual so that a million lines scroll; follows the end while the run goes on. */
export function EventLog({ events, follow }: { events: RunEvent[]; follow: boolean }) {
  const [kind, setKind] = useState<keyof typeof kinds>("all");
  const [text, setText] = useState("");
  const box = useRef<HTMLDivElement>(null);
  const pinned = useRef(true);
  const shown = useMemo(() => {
    const wanted = text.toLowerCase();
    return events.filter(
      (event) => kinds[kind](event) && (wanted === "" || JSON.stringify(event).toLowerCase().includes(wanted)),
    );
  }, [events, kind, text]);
  const rows = useVirtualizer({
    count: shown.length,
    getScrollElement: () => box.current,
    estimateSize: () => 26,
    overscan: 30,
    getItemKey: (index) => shown[index]!.id,
  });
  useEffect(() => {
    if (follow && pinned.current && shown.length > 0) rows.scrollToIndex(shown.length - 1);
  }, [follow, shown.length, rows]);
  return (
    <section className="log">
      <div className="toolbar">
        <Tabs label="Which events" names={Object.keys(kinds) as (keyof typeof kinds)[]} chosen={kind} onChoose={setKind} />
        <input
          type="search"
          placeholder="Filter the log"
          value={text}
          onChange={(event) => setText(event.target.value)}
          aria-label="Filter the log"
        />
        <span className="dim right">{counted(shown.length, "line")}</span>
      </div>
      <div
        className="log-box"
        ref={box}
        onScroll={({ currentTarget: at }) => {
          pinned.current = at.scrollHeight - at.scrollTop - at.clientHeight < 40;
        }}
      >
        <div style={{ height: rows.getTotalSize(), position: "relative" }}>
          {rows.getVirtualItems().map((item) => (
            <div
              key={item.key}
              ref={rows.measureElement}
              data-index={item.index}
              className="log-row"
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <Line event={shown[item.index]!} />
            </div>
          ))}
        </div>
      </div>
    </section>
  );
}

function Line({ event }: { event: RunEvent }) {
  const tone = isProblem(event)
    ? event.level === "warn" || event.check?.severity === "WARN"
      ? "warn"
      : "bad"
    : event.type === "materialization"
      ? "good"
      : "";
  return (
    <div className={`line ${tone}`}>
      <time>{event.at.slice(11, 23)}</time>
      <span className="line-type">
        {event.type === "log"
          ? event.stream === "logger"
            ? event.level
            : event.stream
          : isCancelled(event)
            ? "step cancelled"
            : event.type.replaceAll("_", " ")}
      </span>
      <span className="line-step">
        {event.asset ? (
          <Link to="/assets/$" params={{ _splat: event.asset }}>
            {event.asset}
          </Link>
        ) : (
          event.step
        )}
      </span>
      <span className="line-text">
        {event.check &&
          `${event.check.passed ? "✓" : "✗"} ${event.check.name}${event.check.description ? `: ${event.check.description}` : ""}`}
        {event.message && <RunText text={event.message} />}
        {event.error && (
          <>
            {event.error.where && <code>{event.error.where} </code>}
            {event.error.message !== event.message && event.error.message}
            {event.error.hint && <em> {event.error.hint}</em>}
            {event.error.stack && <pre>{event.error.stack}</pre>}
          </>
        )}
        {event.metadata && Object.keys(event.metadata).length > 0 && <MetadataList metadata={event.metadata} />}
      </span>
    </div>
  );
}
