import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api, type InstigatorType, queries } from "../api.ts";
import { InstigatorFacts } from "../automation/facts.tsx";
import { Preview } from "../automation/preview.tsx";
import { TickTable } from "../automation/tick-table.tsx";
import { InstigatorSwitch } from "../parts/instigator-switch.tsx";
import { Chip } from "../parts/status.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { Until } from "../parts/time.tsx";
import { instigatorWords } from "../parts/words.ts";

export function SchedulePage() {
  const params = useParams({ from: "/schedules/$location/$name" });
  return <InstigatorPage key={`${params.location}/${params.name}`} type="schedules" {...params} />;
}

export function SensorPage() {
  const params = useParams({ from: "/sensors/$location/$name" });
  return <InstigatorPage key={`${params.location}/${params.name}`} type="sensors" {...params} />;
}

function InstigatorPage({ type, location, name }: { type: InstigatorType; location: string; name: string }) {
  const { data: item, error } = useQuery(queries.instigator(type, location, name));
  const upcoming = useQuery({ ...queries.upcoming(location, name), enabled: type === "schedules" });
  const [at, choose] = useState<string>();
  const client = useQueryClient();
  const tick = useMutation({
    mutationFn: () => api.tickNow(type, location, name),
    onSuccess: () => client.invalidateQueries({ queryKey: ["instigators"] }),
  });
  if (error) return <p className="problem page">{error.message}</p>;
  if (!item) return <p className="empty">Loading…</p>;
  const asks = item.kind !== "automation" && item.kind !== "freshness";
  const next = upcoming.data?.ticks ?? [];
  return (
    <div className="page">
      <p className="crumbs">
        <Link to="/automation">Automation</Link> / {location}
      </p>
      <header className="run-head">
        <h1>{name}</h1>
        <Chip>{instigatorWords[item.kind].name}</Chip>
        <span className="row right">
          {asks && (
            <button type="button" disabled={tick.isPending} onClick={() => tick.mutate()}>
              {tick.isPending ? "Ticking…" : "Tick now"}
            </button>
          )}
          <span className="dim">{item.running ? "on" : "off"}</span>
          <InstigatorSwitch item={item} type={type} />
        </span>
      </header>
      {tick.error && <p className="problem">{tick.error.message}</p>}
      {item.description && <p>{item.description}</p>}
      <InstigatorFacts item={item} />
      {type === "schedules" && (
        <section>
          <h2>Next ticks</h2>
          {!item.running && <p className="dim">It is off: nothing of this happens until it is turned on.</p>}
          <div className="row">
            {next.map((one) => (
              <button
                key={one}
                type="button"
                className={(at ?? next[0]) === one ? "chip chosen" : "chip"}
                title={`${one}: preview this one`}
                onClick={() => choose(one)}
              >
                {new Date(one).toLocaleString([], { dateStyle: "short", timeStyle: "medium" })}{" "}
                <span className="dim">
                  <Until at={one} />
                </span>
              </button>
            ))}
          </div>
        </section>
      )}
      {asks && (
        <Preview item={item} type={type} at={type === "schedules" ? (at && next.includes(at) ? at : next[0]) : undefined} />
      )}
      <Ticks type={type} location={location} name={name} />
    </div>
  );
}

const outcomes = { all: "", requested: "success", skipped: "skipped", failed: "failed" } as const;

function Ticks({ type, location, name }: { type: InstigatorType; location: string; name: string }) {
  const [outcome, setOutcome] = useState<keyof typeof outcomes>("all");
  const { data, hasNextPage, fetchNextPage } = useInfiniteQuery(queries.ticksOf(type, location, name, outcomes[outcome]));
  return (
    <section>
      <h2>Ticks</h2>
      <Tabs label="Outcome" names={Object.keys(outcomes) as (keyof typeof outcomes)[]} chosen={outcome} onChoose={setOutcome} />
      {data && <TickTable ticks={data.pages.flat()} />}
      {hasNextPage && (
        <p className="row">
          <button type="button" onClick={() => void fetchNextPage()}>
            Older ticks
          </button>
        </p>
      )}
    </section>
  );
}
