import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { queries } from "../api.ts";
import { AssetPanel } from "../parts/asset-panel.tsx";
import { RunTable } from "../parts/run-table.tsx";

export function AssetPage() {
  const key = useParams({ from: "/assets/$" })._splat ?? "";
  const { data: runs = [] } = useQuery(queries.runs(key));
  return (
    <div className="page">
      <p className="crumbs">
        <Link to="/" search={{ asset: key }}>
          Lineage
        </Link>{" "}
        / {key}
      </p>
      <AssetPanel assetKey={key} wide />
      <section>
        <h2>Runs</h2>
        <RunTable runs={runs.slice(0, 50)} />
      </section>
    </div>
  );
}
