import type { Asset } from "@kc/host/client";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, queries } from "../api.ts";

/** The assets that a selection names, as the host understands it, and why it names none. */
export function useSelection(text: string): { all: Asset[]; assets: Asset[]; error: Error | null; loaded: boolean } {
  const wanted = text.trim();
  const { data: all = [], isSuccess } = useQuery(queries.assets);
  const selection = useQuery({
    // Which assets there are decides what a selection names; how they are does not.
    queryKey: ["workspace", "selection", wanted, all.length],
    queryFn: async () => new Set((await api.assets(wanted)).map((asset) => asset.key)),
    enabled: wanted !== "",
    retry: false,
    placeholderData: (previous) => previous,
  });
  const assets = useMemo(
    () => (wanted === "" || !selection.data ? all : all.filter((asset) => selection.data.has(asset.key))),
    [all, selection.data, wanted],
  );
  return { all, assets, error: wanted === "" ? null : selection.error, loaded: isSuccess };
}

/** Where a selection is written. */
export function SelectionInput({ value, onChange }: { value: string; onChange(text: string): void }) {
  return (
    <input
      type="search"
      className="selection"
      placeholder="+orders · group:staging · not kind:dbt"
      value={value}
      onChange={(event) => onChange(event.target.value)}
      aria-label="Asset selection"
      spellCheck={false}
    />
  );
}

/** What is wrong with a selection, with the nearest names. */
export function SelectionError({ error }: { error: Error | null }) {
  return error ? (
    <pre className="problem selection-problem" role="alert">
      {error.message}
    </pre>
  ) : null;
}
