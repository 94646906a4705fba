import { useQuery } from "@tanstack/react-query";
import { queries } from "../api.ts";
import { CheckList } from "./checks.tsx";
import { Evaluations } from "./evaluations.tsx";
import { Facts } from "./facts.tsx";
import { AssetHeader } from "./header.tsx";
import { Latest } from "./latest.tsx";
import { PartitionGrid } from "./partition-grid.tsx";

/** An asset beside the lineage. */
export function AssetPanel({ assetKey }: { assetKey: string }) {
  const { data: asset, error } = useQuery(queries.asset(assetKey));
  if (error) return <p className="problem">{error.message}</p>;
  if (!asset) return <p className="empty">Loading…</p>;
  return (
    <article className="asset">
      <AssetHeader asset={asset} wide={false} />
      {asset.partitions !== null && <PartitionGrid assetKey={asset.key} />}
      <Facts asset={asset} />
      <CheckList asset={asset.key} checks={asset.checks} wide={false} />
      <Latest asset={asset} />
      <Evaluations asset={asset} wide={false} />
    </article>
  );
}
