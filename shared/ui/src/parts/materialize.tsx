import type { RunRequest } from "@kc/host/client";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api } from "../api.ts";

/** Requests what is asked for and goes to its first run. */
export function Materialize({
  request,
  label = "Materialize",
  quiet = false,
}: {
  request: RunRequest;
  label?: string;
  quiet?: boolean;
}) {
  const navigate = useNavigate();
  const submit = useMutation({
    mutationFn: () => api.submit(request),
    onSuccess: ({ runs }) => void navigate({ to: "/runs/$id", params: { id: runs[0]!.id } }),
  });
  return (
    <>
      <button type="button" className={quiet ? "quiet" : "primary"} disabled={submit.isPending} onClick={() => submit.mutate()}>
        {submit.isPending ? "Requesting…" : label}
      </button>
      {submit.error && (
        <p className="problem" role="alert">
          {submit.error.message}
        </p>
      )}
    </>
  );
}
