import type { RunDetail } from "@kc/host/client";
import { Link } from "@tanstack/react-router";
import { causeOf } from "../parts/cause.ts";
import { KeyName } from "../parts/key-name.tsx";
import { RunText } from "../parts/run-text.tsx";
import { Chip, Status } from "../parts/status.tsx";
import { Ago, Duration } from "../parts/time.tsx";

const RunLink = ({ id }: { id: string }) => (
  <Link to="/runs/$id" params={{ id }}>
    <code>{id}</code>
  </Link>
);

/** Why a run has not gone further, and who holds what it or one of its steps waits for. */
export function Waiting({ run }: { run: RunDetail }) {
  const steps = run.steps.filter((step) => step.waitsFor);
  if (steps.length === 0 && !run.waitsFor) return null;
  return (
    <div className="waiting" role="status">
      {steps.length === 0 && run.waitsFor && (
        <p>
          The run <RunText text={run.waitsFor} />
        </p>
      )}
      {steps.map((step) => (
        <p key={step.key}>
          <KeyName value={step.key} /> <RunText text={step.waitsFor!} />
        </p>
      ))}
      {steps.some((step) => step.pool) && (
        <p className="small">
          <Link to="/deployment">Pools</Link> shows every holder.
        </p>
      )}
    </div>
  );
}

/** When a run was and why, which connections and tags it had, and the runs of its request. */
export function RunFacts({ run }: { run: RunDetail }) {
  const job = run.tags["kc/job"];
  return (
    <>
      <p className="row dim">
        <span>
          created <Ago at={run.createdAt} />
        </span>
        <span>
          took <Duration from={run.startedAt} to={run.endedAt} />
        </span>
        {causeOf(run) !== `job ${job}` && <span>{causeOf(run)}</span>}
        {job && (
          <Link to="/jobs/$location/$name" params={{ location: run.location, name: job }}>
            job {job}
          </Link>
        )}
        {run.partition && <Chip>{run.partition}</Chip>}
        {Object.entries(run.connections).map(([name, mode]) => (
          <Chip key={name}>
            {name}: {mode === "vendor" ? "vendor" : "stand-in"}
          </Chip>
        ))}
        {Object.entries(run.tags)
          .filter(([name]) => !name.startsWith("kc/") || name === "kc/priority")
          .map(([name, value]) => (
            <Chip key={name}>
              {name}={value}
            </Chip>
          ))}
      </p>
      {(run.retry.of > 0 || run.retry.next) && (
        <p className="dim">
          Attempt {run.retry.number + 1} of {run.retry.of + 1}
          {run.retry.retryOf && (
            <>
              , after <RunLink id={run.retry.retryOf} />
            </>
          )}
          {run.retry.next && (
            <>
              , retried by <RunLink id={run.retry.next} />
            </>
          )}
          {run.retry.nextAt && `, again at ${new Date(run.retry.nextAt).toLocaleTimeString()}`}
        </p>
      )}
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
      {Object.keys(run.config).length > 0 && (
        <details>
          <summary className="dim">Run config</summary>
          <pre>{JSON.stringify(run.config, null, 2)}</pre>
        </details>
      )}
    </>
  );
}
