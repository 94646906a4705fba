import type { Asset } from "@kc/host/client";
import { Materialize } from "./materialize.tsx";
import { StartBackfill } from "./start-backfill.tsx";
import { counted } from "./words.ts";

/** What can be done with the assets that are chosen in a list. Where some have partitions it is a backfill. */
export function MaterializeChosen({ assets }: { assets: readonly Asset[] }) {
  const keys = assets.map((asset) => asset.key);
  const divided = assets.some((asset) => asset.partitions !== null);
  const selection = keys.map((key) => `key:"${key}"`).join(" or ");
  const checks = assets.reduce((sum, asset) => sum + asset.checks.filter((check) => check.by === "code").length, 0);
  return (
    <>
      {!divided && <Materialize request={{ assets: keys }} label={`Materialize ${keys.length.toLocaleString("en")}`} />}
      {divided && selection.length <= 10_000 && <StartBackfill selection={`(${selection})`} range={undefined} clear={() => {}} />}
      {divided && selection.length > 10_000 && (
        <span className="dim">Too many with partitions to name one by one: kc backfill &lt;selection&gt;</span>
      )}
      {checks > 0 && <Materialize request={{ assets: keys, checksOnly: true }} label={`Run ${counted(checks, "check")}`} quiet />}
    </>
  );
}
