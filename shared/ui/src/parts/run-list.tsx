import { useInfiniteQuery } from "@tanstack/react-query";
import { queries, type RunFilter } from "../api.ts";
import { RunTable } from "./run-table.tsx";

/** How runs are told apart in lists, as the API takes it. */
export const runStatuses = {
  all: undefined,
  active: "queued,starting,running,cancelling",
  failed: "failed,cancelled,skipped",
  succeeded: "succeeded",
} as const;

/** Runs of a kind, the newest first; older ones are read when they are asked for. */
export function RunList({ filter, empty = "No runs yet." }: { filter: RunFilter; empty?: string }) {
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(queries.runs(filter));
  if (error) return <p className="problem">{error.message}</p>;
  if (!data) return <p className="empty">Loading…</p>;
  return (
    <>
      <RunTable runs={data.pages.flat()} empty={empty} />
      {hasNextPage && (
        <p className="row">
          <button type="button" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {isFetchingNextPage ? "Loading…" : "Older runs"}
          </button>
        </p>
      )}
    </>
  );
}
