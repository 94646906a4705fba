import type { Plan } from "@kc/host/client";
import { Fragment } from "react";
import { Status } from "../parts/status.tsx";

/** What a launch would make, or why the host refuses it. */
export function PlanView({ plan, error, pending }: { plan: Plan | undefined; error: Error | null; pending: boolean }) {
  if (error)
    return (
      <div className="plan refused" role="alert">
        <Status value="failed" label="It would be refused, and nothing stored:" />
        <p className="problem">{error.message}</p>
        {"hint" in error && typeof error.hint === "string" && <p className="dim small">{error.hint}</p>}
      </div>
    );
  if (!plan) return <p className="plan dim">{pending ? "Asking what it would make…" : ""}</p>;
  return (
    <div className="plan" aria-busy={pending}>
      <Status value="succeeded" label={plan.runs.length === 1 ? "It makes one run:" : `It makes ${plan.runs.length} runs:`} />
      {plan.partition && <span className="dim"> {plan.partition}</span>}
      <ol>
        {plan.runs.map((run, index) => {
          const names = run.checks.length > 0 ? run.checks : run.assets;
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: the place is what tells runs apart
            <li key={index}>
              {run.location}:{" "}
              {names.slice(0, 12).map((name, at) => (
                <Fragment key={name}>
                  {at > 0 && ", "}
                  <code>{name}</code>
                </Fragment>
              ))}
              {names.length > 12 && ` and ${names.length - 12} more`}
            </li>
          );
        })}
      </ol>
      {Object.keys(plan.config).length > 0 && (
        <details>
          <summary className="dim">as its steps see the config</summary>
          <pre>{JSON.stringify(plan.config, null, 2)}</pre>
        </details>
      )}
    </div>
  );
}
