import type { AssetCheck } from "@kc/host/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { queries } from "../api.ts";
import { checkStatus, checkTones, checkWord } from "../asset/checks.tsx";
import { KeyName } from "../parts/key-name.tsx";
import { ListPage } from "../parts/list-page.tsx";
import { Materialize } from "../parts/materialize.tsx";
import { useSelection } from "../parts/selection.tsx";
import { Chip, Status } from "../parts/status.tsx";
import { Ago } from "../parts/time.tsx";
import type { Column } from "../parts/virtual-table.tsx";

const states = { failed: "failing", warn: "warning", succeeded: "passing", missing: "never ran" };
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
    sort: (check) => Object.keys(states).indexOf(checkStatus(check.result)),
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

const stateOf = (check: AssetCheck) => checkStatus(check.result);

export function ChecksPage() {
  const search = useSearch({ from: "/checks" });
  const navigate = useNavigate({ from: "/checks" });
  const { assets, error } = useSelection(search.q ?? "");
  const { data: all } = useQuery(queries.checks);
  const selected = useMemo(() => {
    const keys = new Set(assets.map((asset) => asset.key));
    return search.q ? all?.filter((check) => keys.has(check.asset)) : all;
  }, [all, assets, search.q]);
  return (
    <ListPage
      title="Checks"
      what="check"
      search={search}
      onSearch={(next) => void navigate({ search: next, replace: true })}
      rows={selected}
      error={error}
      states={states}
      stateOf={stateOf}
      columns={columns}
      keyOf={keyOf}
      canChoose={canChoose}
      actions={(chosen) => (
        <Materialize request={{ checks: chosen.map(keyOf) }} label={`Run ${chosen.length.toLocaleString("en")}`} />
      )}
      none="No asset has a check yet: assetCheck({ asset, run }) in a location."
    >
      <p className="dim small">A check that its asset's own step reports runs with that asset only.</p>
    </ListPage>
  );
}
