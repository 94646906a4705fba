import type { AssetDetail } from "@kc/host/client";
import { Link } from "@tanstack/react-router";
import { Breakable } from "../parts/breakable.tsx";
import { Materialize } from "../parts/materialize.tsx";
import { RunText } from "../parts/run-text.tsx";
import { Chip, Status } from "../parts/status.tsx";
import { freshnessWords } from "../parts/words.ts";

/** An asset's name, how it is and why, and the buttons that make it. */
export function AssetHeader({ asset, wide }: { asset: AssetDetail; wide: boolean }) {
  return (
    <header>
      <h1>
        {wide ? (
          <Breakable text={asset.key} />
        ) : (
          <Link to="/assets/$" params={{ _splat: asset.key }}>
            <Breakable text={asset.key} />
          </Link>
        )}
      </h1>
      <p className="row">
        <Status value={asset.external ? "external" : asset.status} />
        <Chip kind={`h-${asset.health}`}>{asset.health}</Chip>
        {asset.freshness && <Chip kind={`f-${asset.freshness}`}>{freshnessWords[asset.freshness]}</Chip>}
        {asset.stale && <Chip kind="f-warn">location does not load</Chip>}
        {asset.owners.map((owner) => (
          <Link key={owner} to="/assets" search={{ q: `owner:${owner}` }} className="chip" title={`What else ${owner} owns`}>
            {owner}
          </Link>
        ))}
      </p>
      {asset.health !== "healthy" && <HealthReasons asset={asset} />}
      {asset.description && <p className="description">{asset.description}</p>}
      {!asset.external && asset.partitions === null && (
        <p className="row">
          <Materialize request={{ selection: `key:"${asset.key}"` }} />
          <Materialize request={{ selection: `+key:"${asset.key}"` }} label="With upstream" quiet />
        </p>
      )}
    </header>
  );
}

function HealthReasons({ asset }: { asset: AssetDetail }) {
  return (
    <ul className="health">
      {asset.healthReasons
        .filter((reason) => reason.status !== "healthy")
        .map((reason) => (
          <li key={reason.of}>
            <Chip kind={`h-${reason.status}`}>{reason.of}</Chip> <RunText text={reason.text} />
          </li>
        ))}
    </ul>
  );
}
