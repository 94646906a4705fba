import type { AssetDetail } from "@kc/host/client";
import { Link } from "@tanstack/react-router";
import { Breakable } from "../parts/breakable.tsx";
import { Chip } from "../parts/status.tsx";
import { Launchers } from "./launchers.tsx";

/** Where an asset belongs, what it needs and feeds, what is expected of it. */
export function Facts({ asset }: { asset: AssetDetail }) {
  const keys = (list: string[]) =>
    list.length === 0
      ? "none"
      : list.map((key) => (
          <Link key={key} to="/assets/$" params={{ _splat: key }} className="key">
            <Breakable text={key} />
          </Link>
        ));
  return (
    <dl className="facts">
      <dt>Location</dt>
      <dd>{asset.location}</dd>
      <dt>Group</dt>
      <dd>{asset.group}</dd>
      {asset.kinds.length > 0 && (
        <>
          <dt>Kinds</dt>
          <dd className="row">
            {asset.kinds.map((kind) => (
              <Chip key={kind}>{kind}</Chip>
            ))}
          </dd>
        </>
      )}
      <dt>Needs</dt>
      <dd>{keys(asset.deps)}</dd>
      <dt>Feeds</dt>
      <dd>{keys(asset.dependents)}</dd>
      <Launchers asset={asset} />
      {asset.freshnessPolicy && (
        <>
          <dt>Freshness</dt>
          <dd>{asset.freshnessPolicy.text}</dd>
        </>
      )}
      {asset.where && (
        <>
          <dt>Code</dt>
          <dd>
            <code>
              <Breakable text={asset.where.replace(/^.*\/(locations|shared)\//, "$1/")} />
            </code>
          </dd>
        </>
      )}
    </dl>
  );
}
