import type { RunDetail } from "@kc/host/client";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api } from "../api.ts";
import { Status } from "../parts/status.tsx";

const over = (run: Pick<RunDetail, "status" | "endedAt">): boolean =>
  run.endedAt !== null || ["skipped", "cancelled"].includes(run.status);

/** How a run is, and what can be done with it. */
export function RunHeader({ run }: { run: RunDetail }) {
  const navigate = useNavigate();
  const cancel = useMutation({ mutationFn: () => api.cancel(run.id) });
  const again = useMutation({
    mutationFn: (strategy: "from_failure" | "from_scratch") => api.reexecute(run.id, strategy),
    onSuccess: ({ runs }) => void navigate({ to: "/runs/$id", params: { id: runs[0]!.id } }),
  });
  const unfinished = run.siblings.some((one) => one.status !== "succeeded") && run.siblings.every(over);
  const error = again.error ?? cancel.error;
  return (
    <>
      <header className="run-head">
        <h1>
          <Status value={run.status} /> <span className="dim">in</span> {run.location}
        </h1>
        <span className="row right">
          {!over(run) && (
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
            <button
              type="button"
              className="primary"
              title="What did not succeed, with the runs around it"
              disabled={again.isPending}
              onClick={() => again.mutate("from_failure")}
            >
              Re-execute from failure
            </button>
          )}
          {over(run) && (
            <button type="button" title="Every step" disabled={again.isPending} onClick={() => again.mutate("from_scratch")}>
              Re-execute from scratch
            </button>
          )}
        </span>
      </header>
      {error && (
        <p className="problem" role="alert">
          {error.message}
        </p>
      )}
    </>
  );
}
