import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api, queries } from "../api.ts";
import { EventLog } from "../parts/event-log.tsx";
import { causeOf } from "../parts/run-table.tsx";
import { Chip, Status } from "../parts/status.tsx";
import { StepTimeline } from "../parts/step-timeline.tsx";
import { Ago, Duration } from "../parts/time.tsx";

export function RunPage() {
  const { id } = useParams({ from: "/runs/$id" });
  const { data: run, error } = useQuery(queries.run(id));
  const { data: events = [] } = useQuery(queries.runEvents(id));
  const [step, setStep] = useState<string>();
  const navigate = useNavigate();
  const cancel = useMutation({ mutationFn: () => api.cancel(id) });
  const retry = useMutation({
    mutationFn: (strategy: "from_failure" | "from_scratch") => api.reexecute(id, strategy),
    onSuccess: ({ runs }) => void navigate({ to: "/runs/$id", params: { id: runs[0]!.id } }),
  });
  if (error) return <p className="problem">{error.message}</p>;
  if (!run) return <p className="empty">Loading…</p>;
  const open = run.endedAt === null && run.status !== "skipped" && run.status !== "cancelled";
  const unfinished =
    run.siblings.some((one) => one.status !== "succeeded") &&
    run.siblings.every((one) => one.endedAt !== null || ["skipped", "cancelled"].includes(one.status));
  return (
    <div className="page run">
      <p className="crumbs">
        <Link to="/runs">Runs</Link> / <code>{run.id}</code>
      </p>
      <header className="run-head">
        <h1>
          <Status value={run.status} /> <span className="dim">in</span> {run.location}
        </h1>
        <span className="row right">
          {open && (
            <button
              type="button"
              className="danger"
              disabled={cancel.isPending || run.status === "cancelling"}
              onClick={() => cancel.mutate()}
            >
              {run.status === "cancelling" ? "Cancelling…" : "Cancel"}
            </button>
          )}
          {unfinished && (
            <button type="button" className="primary" disabled={retry.isPending} onClick={() => retry.mutate("from_failure")}>
              Retry from failure
            </button>
          )}
          {!open && (
            <button type="button" disabled={retry.isPending} onClick={() => retry.mutate("from_scratch")}>
              Run again
            </button>
          )}
        </span>
      </header>
      {(retry.error ?? cancel.error) && <p className="problem">{(retry.error ?? cancel.error)!.message}</p>}
      {(run.waitsFor ?? run.reason) && (
        <p className={run.status === "failed" ? "problem" : "dim"}>{run.waitsFor ?? run.reason}</p>
      )}
      {run.steps
        .filter((one) => one.waitsFor)
        .map((one) => (
          <p key={one.key} className="dim">
            {one.key} {one.waitsFor}
          </p>
        ))}
      {(run.retry.of > 0 || run.retry.next) && (
        <p className="dim">
          Attempt {run.retry.number + 1} of {run.retry.of + 1}
          {run.retry.retryOf && (
            <>
              , after{" "}
              <Link to="/runs/$id" params={{ id: run.retry.retryOf }}>
                {run.retry.retryOf}
              </Link>
            </>
          )}
          {run.retry.next && (
            <>
              , retried by{" "}
              <Link to="/runs/$id" params={{ id: run.retry.next }}>
                {run.retry.next}
              </Link>
            </>
          )}
          {run.retry.nextAt && `, again at ${run.retry.nextAt}`}
        </p>
      )}
      <p className="row dim">
        <span>
          created <Ago at={run.createdAt} />
        </span>
        <span>
          took <Duration from={run.startedAt} to={run.endedAt} />
        </span>
        <span>{causeOf(run)}</span>
        {Object.entries(run.connections).map(([name, mode]) => (
          <Chip key={name}>
            {name}: {mode === "vendor" ? "vendor" : "stand-in"}
          </Chip>
        ))}
        {Object.entries(run.tags)
          .filter(([name]) => !name.startsWith("kc/"))
          .map(([name, value]) => (
            <Chip key={name}>
              {name}={value}
            </Chip>
          ))}
      </p>
      {run.siblings.length > 1 && (
        <p className="row request">
          <span className="dim">Request</span>
          {run.siblings.map((one, index) => (
            <span key={one.id} className="row">
              {index > 0 && <span className="dim">→</span>}
              <Link to="/runs/$id" params={{ id: one.id }} className={one.id === run.id ? "here" : ""}>
                <Status value={one.status} bare /> {one.location}
              </Link>
            </span>
          ))}
        </p>
      )}
      <StepTimeline run={run} events={events} selected={step} onSelect={setStep} />
      <EventLog events={step ? events.filter((event) => event.step === step) : events} follow={open} />
    </div>
  );
}
