import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { queries } from "../api.ts";
import { EventLog } from "../parts/event-log.tsx";
import { RunText } from "../parts/run-text.tsx";
import { StepTimeline } from "../parts/step-timeline.tsx";
import { RunAssets, RunFacts, Waiting } from "../run/facts.tsx";
import { RunHeader } from "../run/header.tsx";

export function RunPage() {
  const { id } = useParams({ from: "/runs/$id" });
  const { data: run, error } = useQuery(queries.run(id));
  const { data: events = [] } = useQuery(queries.runEvents(id));
  const [step, setStep] = useState<string>();
  if (error) return <p className="problem page">{error.message}</p>;
  if (!run) return <p className="empty">Loading…</p>;
  const open = run.endedAt === null && run.status !== "skipped" && run.status !== "cancelled";
  return (
    <div className="page run">
      <p className="crumbs">
        <Link to="/runs">Runs</Link> / <code>{run.id}</code>
      </p>
      <RunHeader run={run} />
      <RunAssets run={run} />
      {run.reason && (
        <p className={run.status === "failed" ? "problem" : "dim"}>
          <RunText text={run.reason} />
        </p>
      )}
      {open && <Waiting run={run} />}
      <RunFacts run={run} />
      <StepTimeline run={run} events={events} selected={step} onSelect={setStep} />
      <EventLog events={step ? events.filter((event) => event.step === step) : events} follow={open} />
    </div>
  );
}
