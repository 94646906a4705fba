import type { Asset } from "@kc/host/client";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { KeyName } from "../parts/key-name.tsx";
import { ListPage } from "../parts/list-page.tsx";
import { MaterializeChosen } from "../parts/materialize-chosen.tsx";
import { useSelection } from "../parts/selection.tsx";
import { Chip, Status } from "../parts/status.tsx";
import { Ago } from "../parts/time.tsx";
import type { Column } from "../parts/virtual-table.tsx";
import { freshnessWords } from "../parts/words.ts";

const healths = { degraded: "degraded", warning: "warning", healthy: "healthy", unknown: "unknown" };
/** Under the head of the column: what is not known of an asset is its freshness. */
const wordIn = { ...freshnessWords, unknown: "unknown" };
const freshnessRank = { fail: 0, warn: 1, unknown: 2, fresh: 3 };
const keyOf = (asset: Asset) => asset.key;
const canChoose = (asset: Asset) => !asset.external;
const passing = (asset: Asset) => asset.checks.filter((check) => check.result?.passed).length;
const failing = (asset: Asset) => asset.checks.filter((check) => check.result && !check.result.passed).length;

const columns: Column<Asset>[] = [
  {
    name: "Asset",
    width: 190,
    grow: 2.6,
    cell: (asset) => (
      <Link to="/assets/$" params={{ _splat: asset.key }} className="cell-link">
        <KeyName value={asset.key} />
      </Link>
    ),
    sort: (asset) => asset.key,
  },
  { name: "Location", width: 84, grow: 0.9, cell: (asset) => asset.location, sort: (asset) => asset.location },
  { name: "Group", width: 76, grow: 0.9, cell: (asset) => asset.group, sort: (asset) => asset.group },
  {
    name: "Owners",
    width: 110,
    grow: 1,
    from: 1_300,
    cell: (asset) => <span title={asset.owners.join(", ")}>{asset.owners.join(", ")}</span>,
    sort: (asset) => asset.owners.join(),
  },
  {
    name: "Kinds",
    width: 100,
    grow: 0.7,
    from: 1_100,
    cell: (asset) => (
      <span className="dim" title={asset.kinds.join(", ")}>
        {asset.kinds.join(", ")}
      </span>
    ),
  },
  {
    name: "Status",
    width: 104,
    cell: (asset) => <Status value={asset.external ? "external" : asset.status} />,
    sort: (asset) => asset.status,
  },
  {
    name: "Health",
    width: 88,
    cell: (asset) => (
      <span title={asset.healthReasons.map((reason) => reason.text).join("\n")}>
        <Chip kind={`h-${asset.health}`}>{asset.health}</Chip>
      </span>
    ),
    sort: (asset) => Object.keys(healths).indexOf(asset.health),
  },
  {
    name: "Materialized",
    width: 96,
    cell: (asset) => <Ago at={asset.materialization?.at} />,
    sort: (asset) => (asset.materialization ? Date.parse(asset.materialization.at) : 0),
  },
  {
    name: "Freshness",
    width: 80,
    cell: (asset) => asset.freshness && <span className={`f-${asset.freshness}`}>{wordIn[asset.freshness]}</span>,
    sort: (asset) => (asset.freshness ? freshnessRank[asset.freshness] : 4),
  },
  {
    name: "Checks",
    width: 84,
    cell: (asset) =>
      asset.checks.length > 0 && (
        <span className={failing(asset) > 0 ? "problem-inline" : ""}>
          {failing(asset) > 0 ? `${failing(asset)} failing` : `${passing(asset)} of ${asset.checks.length}`}
        </span>
      ),
    sort: (asset) => (asset.checks.length === 0 ? 1e9 : passing(asset) - failing(asset) * 1e6),
  },
  {
    name: "Partitions",
    width: 84,
    grow: 0.7,
    from: 1_200,
    cell: (asset) => <span className="dim">{asset.partitions}</span>,
    sort: (asset) => asset.partitions ?? "",
  },
];

const stateOf = (asset: Asset) => asset.health;

export function CatalogPage() {
  const search = useSearch({ from: "/assets/" });
  const navigate = useNavigate({ from: "/assets/" });
  const { assets, error, loaded } = useSelection(search.q ?? "");
  return (
    <ListPage
      title="Assets"
      what="asset"
      search={search}
      onSearch={(next) => void navigate({ search: next, replace: true })}
      rows={loaded ? assets : undefined}
      error={error}
      states={healths}
      stateOf={stateOf}
      columns={columns}
      keyOf={keyOf}
      canChoose={canChoose}
      actions={(chosen) => <MaterializeChosen assets={chosen} />}
      none="No location defines an asset yet: ./kc new asset"
    />
  );
}
