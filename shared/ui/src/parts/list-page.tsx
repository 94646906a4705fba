import { useMemo, useState } from "react";
import { SelectionError, SelectionInput } from "./selection.tsx";
import { Tabs } from "./tabs.tsx";
import { type Column, VirtualTable } from "./virtual-table.tsx";
import { counted } from "./words.ts";

/** What a list shows, as it stands in its address. */
export interface ListSearch {
  /** A selection of assets. */
  q?: string | undefined;
  state?: string | undefined;
}

interface Props<T, S extends string> {
  title: string;
  /** One row in a word. */
  what: string;
  search: ListSearch;
  onSearch(search: ListSearch): void;
  /** Those of the selection; undefined while they are read. */
  rows: readonly T[] | undefined;
  error: Error | null;
  /** The states that rows are in, the worst first, each with its word. */
  states: Readonly<Record<S, string>>;
  stateOf(row: T): S;
  columns: readonly Column<T>[];
  keyOf(row: T): string;
  canChoose(row: T): boolean;
  /** What can be done with rows that are chosen. */
  actions(chosen: readonly T[]): React.ReactNode;
  /** Shown where there is no row at all, whatever is selected. */
  none: React.ReactNode;
  /** What an empty table says; undefined: no row is like what is asked for. */
  children?: React.ReactNode;
}

/** A page that is one long table: narrowed by a selection and by state, of which rows are chosen for something. */
export function ListPage<T, S extends string>(props: Props<T, S>) {
  const { title, what, search, onSearch, rows = noRows, states, stateOf, keyOf, actions, children } = props;
  const { q = "", state } = search;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const byState = useMemo(() => Map.groupBy<string, T>(rows, stateOf), [rows, stateOf]);
  const shown = state ? (byState.get(state) ?? noRows) : rows;
  const picked = useMemo(() => shown.filter((row) => chosen.has(keyOf(row))), [shown, chosen, keyOf]);
  return (
    <div className="page full">
      <h1>{title}</h1>
      <div className="row">
        <SelectionInput value={q} onChange={(text) => onSearch({ q: text || undefined, state })} />
        <Tabs
          label="State"
          names={["all", ...(Object.keys(states) as S[])]}
          chosen={(state as S | undefined) ?? "all"}
          onChoose={(name) => onSearch({ q: q || undefined, state: name === "all" ? undefined : name })}
          word={(name) => (
            <>
              {name === "all" ? name : states[name]}{" "}
              <span className="dim">{(name === "all" ? rows : (byState.get(name) ?? noRows)).length.toLocaleString("en")}</span>
            </>
          )}
        />
      </div>
      <SelectionError error={props.error} />
      {picked.length > 0 && (
        <div className="chosen-bar">
          <b>{counted(picked.length, what)} chosen</b>
          {actions(picked)}
          <button type="button" className="quiet right" onClick={() => setChosen(new Set())}>
            Clear
          </button>
        </div>
      )}
      <VirtualTable
        label={title}
        columns={props.columns}
        rows={shown}
        keyOf={keyOf}
        chosen={chosen}
        onChoose={setChosen}
        canChoose={props.canChoose}
        empty={!props.rows ? "Loading…" : rows.length === 0 && q === "" ? props.none : `No ${what} is like that.`}
      />
      {children}
    </div>
  );
}

const noRows: readonly never[] = [];
