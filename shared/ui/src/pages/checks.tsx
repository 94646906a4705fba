import type { AssetCheck } from "@kc/host/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { queries } from "../api.ts";
import { checkStatus, checkTones, checkWord } from "../asset/checks.tsx";
import { KeyName } from "../parts/key-name.tsx";
import { Materialize } from "../parts/materialize.tsx";
import { SelectionError, SelectionInput, useSelection } from "../parts/selection.tsx";
import { Chip, Status } from "../parts/status.tsx";
import { Ago } from "../parts/time.tsx";
import { type Column, VirtualTable } from "../parts/virtual-table.tsx";
import { counted } from "../parts/words.ts";

const states = ["failed", "warn", "succeeded", "missing"] as const;
const canChoose = (check: AssetCheck) => check.by === "code";
const keyOf = (check: AssetCheck) => `${check.asset}:${check.name}`;

const columns: Column<AssetCheck>[] = [
  {
    name: "Check",
    width: 220,
    grow: 1.8,
    cell: (check) => (
      <Link
        to="/assets/$"
        params={{ _splat: check.asset }}
        search={{ tab: "checks" }}
        className="cell-link"
        title={check.description ?? check.name}
      >
        <KeyName value={check.name} />
      </Link>
    ),
    sort: (check) => check.name,
  },
  {
    name: "Asset",
    width: 180,
    grow: 1.3,
    cell: (check) => <KeyName value={check.asset} />,
    sort: (check) => check.asset,
  },
  { name: "Location", width: 84, grow: 0.7, cell: (check) => check.location, sort: (check) => check.location },
  {
    name: "Result",
    width: 100,
    cell: (check) => <Status value={checkStatus(check.result)} label={checkWord(check.result)} />,
    sort: (check) => states.indexOf(checkStatus(check.result)),
  },
  {
    name: "Blocking",
    width: 96,
    cell: (check) => check.blocking && <Chip>{check.everywhere ? "everywhere" : "its run"}</Chip>,
    sort: (check) => (check.blocking ? (check.everywhere ? 0 : 1) : 2),
  },
  {
    name: "When",
    width: 92,
    cell: (check) => <Ago at={check.result?.at} />,
    sort: (check) => (check.result ? Date.parse(check.result.at) : 0),
  },
  {
    name: "What it says",
    width: 110,
    grow: 1.4,
    cell: (check) => (
      <span className={checkTones[checkStatus(check.result)]} title={check.result?.description ?? ""}>
        {check.result?.description}
      </span>
    ),
  },
];

export function ChecksPage() {
  const { q = "" } = useSearch({ from: "/checks" });
  const navigate = useNavigate({ from: "/checks" });
  const [state, setState] = useState<(typeof states)[number]>();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const { assets, error } = useSelection(q);
  const { data: all = [], isSuccess } = useQuery(queries.checks);
  const selected = useMemo(() => {
    const keys = new Set(assets.map((asset) => asset.key));
    return q.trim() === "" ? all : all.filter((check) => keys.has(check.asset));
  }, [all, assets, q]);
  const shown = useMemo(
    () => (state ? selected.filter((check) => checkStatus(check.result) === state) : selected),
    [selected, state],
  );
  const names = useMemo(() => selected.map(keyOf).filter((name) => chosen.has(name)), [selected, chosen]);
  const words = { failed: "failing", warn: "warning", succeeded: "passing", missing: "never ran" };
  return (
    <div className="page full">
      <h1>Checks</h1>
      <div className="row">
        <SelectionInput value={q} onChange={(text) => void navigate({ search: text ? { q: text } : {}, replace: true })} />
        <span className="tabs" role="tablist">
          <button type="button" role="tab" aria-selected={!state} onClick={() => setState(undefined)}>
            all <span className="dim">{selected.length.toLocaleString("en")}</span>
          </button>
          {states.map((name) => (
            <button key={name} type="button" role="tab" aria-selected={state === name} onClick={() => setState(name)}>
              {words[name]}{" "}
              <span className="dim">
                {selected.filter((check) => checkStatus(check.result) === name).length.toLocaleString("en")}
              </span>
            </button>
          ))}
        </span>
      </div>
      <SelectionError error={error} />
      {names.length > 0 && (
        <div className="chosen-bar">
          <b>{counted(names.length, "check")} chosen</b>
          <Materialize request={{ checks: names }} label={`Run ${names.length.toLocaleString("en")}`} />
          <button type="button" className="quiet right" onClick={() => setChosen(new Set())}>
            Clear
          </button>
        </div>
      )}
      <VirtualTable
        label="Checks"
        columns={columns}
        rows={shown}
        keyOf={keyOf}
        chosen={chosen}
        onChoose={setChosen}
        canChoose={canChoose}
        empty={
          !isSuccess
            ? "Loading…"
            : all.length === 0
              ? "No asset has a check yet: assetCheck({ asset, run }) in a location."
              : "No check is like that."
        }
      />
      <p className="dim small">A check that its asset's own step reports runs with that asset only.</p>
    </div>
  );
}
