import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api } from "../api.ts";

/** Requests a selection and goes to its first run. */
export function Materialize({
  selection,
  label = "Materialize",
  quiet = false,
}: {
  selection: string;
  label?: string;
  quiet?: boolean;
}) {
  const navigate = useNavigate();
  const submit = useMutation({
    mutationFn: () => api.submit({ selection }),
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
