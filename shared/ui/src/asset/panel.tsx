import type { AssetDetail } from "@kc/host/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { queries } from "../api.ts";
import { Evaluations } from "./evaluations.tsx";
import { Materialize } from "./materialize.tsx";
import { MetadataList } from "./metadata.tsx";
import { PartitionGrid } from "./partition-grid.tsx";
import { SeriesList } from "./series.tsx";
import { Chip, Status } from "./status.tsx";
import { Ago } from "./time.tsx";

/** An asset beside the lineage, or as a page of its own. */
export function AssetPanel({ assetKey, wide = false }: { assetKey: string; wide?: boolean }) {
  const { data: asset, error } = useQuery(queries.asset(assetKey));
  if (error) return <p className="problem">{error.message}</p>;
  if (!asset) return <p className="empty">Loading…</p>;
  return (
    <article className={wide ? "asset wide" : "asset"}>
      <header>
        <h1>
          {wide ? (
            asset.key
          ) : (
            <Link to="/assets/$" params={{ _splat: asset.key }}>
              {asset.key}
            </Link>
          )}
        </h1>
        <p className="row">
          <Status value={asset.external ? "external" : asset.status} />
          <Chip kind={`h-${asset.health}`}>{asset.health}</Chip>
          {asset.freshness && (
            <Chip kind={`f-${asset.freshness}`}>{asset.freshness === "fresh" ? "fresh" : `freshness: ${asset.freshness}`}</Chip>
          )}
          {asset.stale && <Chip kind="f-warn">location does not load</Chip>}
        </p>
        {asset.health !== "healthy" && <HealthReasons asset={asset} />}
        {asset.description && <p className="description">{asset.description}</p>}
        {!asset.external && asset.partitions === null && (
          <p className="row">
            <Materialize selection={`key:"${asset.key}"`} />
            <Materialize selection={`+key:"${asset.key}"`} label="With upstream" quiet />
          </p>
        )}
      </header>
      {asset.partitions !== null && <PartitionGrid assetKey={asset.key} />}
      <Facts asset={asset} />
      <Checks asset={asset} />
      <Latest asset={asset} />
      {wide && asset.materialization && <SeriesList assetKey={asset.key} metadata={asset.materialization.metadata} />}
      {wide && <History asset={asset} />}
      <Evaluations assetKey={asset.key} wide={wide} />
    </article>
  );
}

function HealthReasons({ asset }: { asset: AssetDetail }) {
  return (
    <ul className="health">
      {asset.healthReasons
        .filter((reason) => reason.status !== "healthy")
        .map((reason) => (
          <li key={reason.of}>
            <Chip kind={`h-${reason.status}`}>{reason.of}</Chip> {reason.text}
          </li>
        ))}
    </ul>
  );
}

function Facts({ asset }: { asset: AssetDetail }) {
  const keys = (list: string[]) =>
    list.length === 0
      ? "none"
      : list.map((key) => (
          <Link key={key} to="/assets/$" params={{ _splat: key }} className="key">
            {key}
          </Link>
        ));
  return (
    <dl className="facts">
      <dt>Location</dt>
      <dd>{asset.location}</dd>
      <dt>Group</dt>
      <dd>{asset.group}</dd>
      {asset.owners.length > 0 && (
        <>
          <dt>Owners</dt>
          <dd>{asset.owners.join(", ")}</dd>
        </>
      )}
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
            <code>{asset.where.replace(/^.*\/(locations|shared)\//, "$1/")}</code>
          </dd>
        </>
      )}
    </dl>
  );
}

function Checks({ asset }: { asset: AssetDetail }) {
  if (asset.checks.length === 0) return null;
  return (
    <section>
      <h2>Checks</h2>
      <ul className="checks">
        {asset.checks.map((check) => (
          <li key={check.name}>
            <Status
              value={
                check.result
                  ? check.result.passed
                    ? "succeeded"
                    : check.result.severity === "WARN"
                      ? "warn"
                      : "failed"
                  : "missing"
              }
              bare
            />
            <span title={check.description ?? ""}>{check.name}</span>
            {check.blocking && <Chip>{check.everywhere ? "blocking everywhere" : "blocking"}</Chip>}
            <span className="dim right">{check.result ? <Ago at={check.result.at} /> : "never ran"}</span>
            {check.result && !check.result.passed && check.result.description && (
              <p className="problem">{check.result.description}</p>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Latest({ asset }: { asset: AssetDetail }) {
  if (!asset.materialization) return <section className="dim">Never materialized.</section>;
  const { at, runId, metadata } = asset.materialization;
  return (
    <section>
      <h2>Latest materialization</h2>
      <p className="dim">
        <Ago at={at} />
        {runId && (
          <>
            {" in run "}
            <Link to="/runs/$id" params={{ id: runId }}>
              <code>{runId}</code>
            </Link>
          </>
        )}
        {asset.unchangedAt && asset.unchangedAt > at && (
          <>
            {" · found unchanged "}
            <Ago at={asset.unchangedAt} />
          </>
        )}
      </p>
      <MetadataList metadata={metadata} />
    </section>
  );
}

function History({ asset }: { asset: AssetDetail }) {
  return (
    <section>
      <h2>History</h2>
      <table>
        <thead>
          <tr>
            <th>When</th>
            <th>What</th>
            <th>Run</th>
          </tr>
        </thead>
        <tbody>
          {asset.history.map((event) => (
            <tr key={event.eventId}>
              <td>
                <Ago at={event.at} />
              </td>
              <td>{event.type}</td>
              <td>
                {event.runId && (
                  <Link to="/runs/$id" params={{ id: event.runId }}>
                    <code>{event.runId}</code>
                  </Link>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
