import type { Asset, Failures, Tick, WorkspaceInfo } from "@kc/host/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { queries } from "../api.ts";
import { KeyName } from "../parts/key-name.tsx";
import { runStatuses } from "../parts/run-list.tsx";
import { Status } from "../parts/status.tsx";
import { Ago } from "../parts/time.tsx";
import { counted } from "../parts/words.ts";
import { brokenAssets, failedTicks, failingChecks, lateAssets, platformProblems } from "./wrong.ts";

const shown = 8;

/** Everything that is wrong now, kind by kind; what is well is not mentioned. */
export function Problems({
  failures,
  assets,
  ticks,
  workspace,
}: {
  failures: Failures;
  assets: Asset[];
  ticks: Tick[];
  workspace: WorkspaceInfo | undefined;
}) {
  const { data: alerts } = useQuery(queries.alerts);
  const platform = platformProblems(workspace, alerts);
  const { runs, backfills } = failures;
  const checks = failingChecks(assets);
  const late = lateAssets(assets);
  const broken = brokenAssets(assets);
  const silent = failedTicks(ticks);
  if ([platform, runs, backfills, checks, late, broken, silent].every((list) => list.length === 0))
    return (
      <p className="all-well">
        <Status value="succeeded" label="Nothing is wrong." />
      </p>
    );
  return (
    <div className="problems">
      <Card title="Platform" count={platform.length} more={<Link to="/deployment">Deployment</Link>}>
        {platform.slice(0, shown).map(({ name, text }) => (
          <Item key={name} status="failed" name={name} text={text} />
        ))}
      </Card>
      <Card
        title="Failed runs"
        count={runs.length}
        more={
          <Link to="/runs" search={{ status: runStatuses.failed }}>
            Runs
          </Link>
        }
      >
        {runs.slice(0, shown).map((run) => (
          <Item
            key={run.id}
            status="failed"
            name={
              <Link to="/runs/$id" params={{ id: run.id }} title={`Not made since: ${run.unmade.join(", ")}`}>
                <KeyName value={run.title} />
                {run.partition && <span className="dim small"> {run.partition}</span>}
              </Link>
            }
            text={run.error ?? run.reason}
            at={run.endedAt}
          />
        ))}
      </Card>
      <Card title="Failed backfills" count={backfills.length} more={<Link to="/backfills">Backfills</Link>}>
        {backfills.slice(0, shown).map((one) => (
          <Item
            key={one.id}
            status={one.status === "failed" ? "failed" : "warn"}
            name={
              <Link to="/backfills/$id" params={{ id: one.id }}>
                {one.title}
              </Link>
            }
            text={`${counted(one.unmade, "partition")} not made${one.status === "failed" ? "" : " so far; it goes on"}`}
            at={one.endedAt ?? one.createdAt}
          />
        ))}
      </Card>
      <Card title="Assets that were not made" count={broken.length} more={<Link to="/assets">Assets</Link>}>
        {broken.slice(0, shown).map(({ asset, text, status }) => (
          <Item
            key={asset.key}
            status={status === "degraded" ? "failed" : "warn"}
            name={<AssetLink value={asset.key} />}
            text={text}
          />
        ))}
      </Card>
      <Card title="Failing checks" count={checks.length} more={<Link to="/checks">Checks</Link>}>
        {checks.slice(0, shown).map(({ asset, check, result }) => (
          <Item
            key={`${asset}:${check.name}`}
            status={result.severity === "WARN" ? "warn" : "failed"}
            name={<AssetLink value={`${asset}:${check.name}`} to={asset} tab="checks" />}
            text={result.description}
            at={result.at}
          />
        ))}
      </Card>
      <Card title="Late" count={late.length} more={<Link to="/assets">Assets</Link>}>
        {late.slice(0, shown).map((asset) => (
          <Item
            key={asset.key}
            status={asset.freshness === "fail" ? "failed" : "warn"}
            name={<AssetLink value={asset.key} />}
            text={asset.healthReasons.find((reason) => reason.of === "freshness")?.text}
          />
        ))}
      </Card>
      <Card title="Failing ticks" count={silent.length} more={<Link to="/automation">Automation</Link>}>
        {silent.slice(0, shown).map((tick) => (
          <Item
            key={tick.id}
            status="failed"
            name={
              <Link
                to={tick.type === "schedule" ? "/schedules/$location/$name" : "/sensors/$location/$name"}
                params={{ location: tick.location, name: tick.name }}
              >
                {tick.name}
              </Link>
            }
            text={tick.error}
            at={tick.at}
          />
        ))}
      </Card>
    </div>
  );
}

const AssetLink = ({ value, to = value, tab }: { value: string; to?: string; tab?: string }) => (
  <Link to="/assets/$" params={{ _splat: to }} search={tab ? { tab } : {}}>
    <KeyName value={value} />
  </Link>
);

function Card({
  title,
  count,
  more,
  children,
}: {
  title: string;
  count: number;
  more: React.ReactNode;
  children: React.ReactNode;
}) {
  if (count === 0) return null;
  return (
    <section className="card">
      <h3>
        {title} <span className="count">{count.toLocaleString("en")}</span>
        <span className="right small">{more}</span>
      </h3>
      <ul>{children}</ul>
      {count > shown && <p className="dim small">and {(count - shown).toLocaleString("en")} more</p>}
    </section>
  );
}

function Item({
  status,
  name,
  text,
  at,
}: {
  status: string;
  name: React.ReactNode;
  text?: string | null | undefined;
  at?: string | null;
}) {
  return (
    <li>
      <Status value={status} bare />
      <span className="card-name">{name}</span>
      {at && (
        <span className="dim small right">
          <Ago at={at} />
        </span>
      )}
      {text && (
        <span className="card-text dim small" title={text}>
          {text}
        </span>
      )}
    </li>
  );
}
