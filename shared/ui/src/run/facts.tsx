import type { RunDetail } from "@kc/host/client";
import { Link } from "@tanstack/react-router";
import { Cause } from "../parts/cause.tsx";
import { causeOf } from "../parts/cause-of.ts";
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

const mostNamed = 6;

/** What a run makes or checks, by name. */
export function RunAssets({ run: { assets, checks, partition } }: { run: RunDetail }) {
  const names = checks.length > 0 ? checks : assets;
  return (
    <p className="row run-assets">
      {names.slice(0, mostNamed).map((name) => (
        <Link
          key={name}
          to="/assets/$"
          params={{ _splat: checks.length > 0 ? name.slice(0, name.indexOf(":")) : name }}
          search={checks.length > 0 ? { tab: "checks" } : {}}
        >
          <KeyName value={name} />
        </Link>
      ))}
      {names.length > mostNamed && <span className="dim">and {names.length - mostNamed} more</span>}
      {partition && <Chip>{partition}</Chip>}
    </p>
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
        <Cause run={run} />
        {job && causeOf(run) !== `job ${job}` && (
          <Link to="/jobs/$location/$name" params={{ location: run.location, name: job }}>
            job {job}
          </Link>
        )}
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
