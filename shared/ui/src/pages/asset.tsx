import type { AssetDetail } from "@kc/host/client";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { queries } from "../api.ts";
import { CheckList } from "../asset/checks.tsx";
import { Evaluations } from "../asset/evaluations.tsx";
import { Events } from "../asset/events.tsx";
import { Facts } from "../asset/facts.tsx";
import { AssetHeader } from "../asset/header.tsx";
import { Latest } from "../asset/latest.tsx";
import { Neighbours } from "../asset/neighbours.tsx";
import { PartitionGrid } from "../asset/partition-grid.tsx";
import { SeriesList } from "../asset/series.tsx";
import { RunList } from "../parts/run-list.tsx";
import { goByArrows } from "../parts/tabs.tsx";

const tabs = ["overview", "partitions", "events", "checks", "lineage", "automation", "runs"] as const;
type Tab = (typeof tabs)[number];

export function AssetPage() {
  const key = useParams({ from: "/assets/$" })._splat ?? "";
  const { tab: wanted } = useSearch({ from: "/assets/$" });
  const { data: asset, error } = useQuery(queries.asset(key));
  if (error) return <p className="problem page">{error.message}</p>;
  if (!asset) return <p className="empty">Loading…</p>;
  const possible = tabs.filter(
    (tab) => (tab !== "partitions" || asset.partitions !== null) && (tab !== "automation" || asset.automation !== null),
  );
  const tab = possible.find((one) => one === wanted) ?? "overview";
  const failing = asset.checks.filter((check) => check.result && !check.result.passed).length;
  return (
    <div className="page">
      <p className="crumbs">
        <Link to="/assets">Assets</Link> /{" "}
        <Link to="/assets" search={{ q: `group:${asset.group}` }}>
          {asset.group}
        </Link>
        {" · "}
        <Link to="/" search={{ asset: key }}>
          in the lineage
        </Link>
      </p>
      <article className="asset wide">
        <AssetHeader asset={asset} wide />
        <div className="tabs underlined" role="tablist" aria-label="About the asset" onKeyDown={goByArrows}>
          {possible.map((one) => (
            <Link
              key={one}
              to="/assets/$"
              params={{ _splat: key }}
              search={one === "overview" ? {} : { tab: one }}
              role="tab"
              aria-selected={one === tab}
              tabIndex={one === tab ? 0 : -1}
            >
              {one}
              {one === "checks" && asset.checks.length > 0 && (
                <span className={failing > 0 ? "problem-inline" : "dim"}>
                  {" "}
                  {failing > 0 ? `${failing} failing` : asset.checks.length}
                </span>
              )}
            </Link>
          ))}
        </div>
        <Body asset={asset} tab={tab} />
      </article>
    </div>
  );
}

function Body({ asset, tab }: { asset: AssetDetail; tab: Tab }) {
  switch (tab) {
    case "partitions":
      return <PartitionGrid assetKey={asset.key} />;
    case "events":
      return <Events asset={asset} />;
    case "checks":
      return <CheckList asset={asset.key} checks={asset.checks} wide />;
    case "lineage":
      return <Neighbours assetKey={asset.key} />;
    case "automation":
      return <Evaluations asset={asset} wide />;
    case "runs":
      return <RunList filter={{ asset: asset.key }} />;
    default:
      return (
        <>
          <Facts asset={asset} />
          <Latest asset={asset} />
          {asset.materialization && <SeriesList assetKey={asset.key} metadata={asset.materialization.metadata} />}
        </>
      );
  }
}
