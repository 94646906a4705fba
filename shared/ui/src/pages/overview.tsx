import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { queries } from "../api.ts";
import { Problems } from "../overview/problems.tsx";
import { Timeline } from "../overview/timeline.tsx";
import { failingChecks, lateAssets } from "../overview/wrong.ts";
import { runStatuses } from "../parts/run-list.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { useNow } from "../parts/time.tsx";

const hour = 3_600_000;
const spans = {
  "1 hour": [hour, hour / 4],
  "6 hours": [6 * hour, hour],
  "1 day": [24 * hour, 4 * hour],
  "7 days": [168 * hour, 24 * hour],
  "to come": [hour, 24 * hour],
} as const;

const active = { status: runStatuses.active };

export function OverviewPage() {
  const [chosen, choose] = useState<keyof typeof spans>("6 hours");
  const [pastMs, aheadMs] = spans[chosen];
  const {
    data: timeline,
    error,
    dataUpdatedAt,
  } = useQuery({
    ...queries.timeline(pastMs, aheadMs),
    placeholderData: (previous) => previous,
  });
  const { data: failures } = useQuery(queries.failures);
  const { data: assets } = useQuery(queries.assets);
  const { data: ticks } = useQuery(queries.ticks);
  const { data: workspace } = useQuery(queries.daemons);
  const here = useNow(5_000);
  // The host's clock counts: that of this machine only says how much time went by since the answer.
  const now = timeline ? Date.parse(timeline.now) + Math.max(0, here - dataUpdatedAt) : here;
  const of = (...statuses: string[]) => timeline?.runs.filter((run) => statuses.includes(run.status)).length;
  return (
    <div className="page wide-page">
      <div className="row">
        <h1>Overview</h1>
        <span className="right">
          <Tabs label="Span of time" names={Object.keys(spans) as (keyof typeof spans)[]} chosen={chosen} onChoose={choose} />
        </span>
      </div>
      <div className="tiles">
        <Tile name="running" count={of("running", "starting", "cancelling")} tone="run" to="/runs" search={active} />
        <Tile name="queued" count={of("queued")} tone="" to="/runs" search={active} />
        <Tile name="failed runs" count={failures?.runs.length} tone="bad" to="/runs" search={{ status: runStatuses.failed }} />
        <Tile
          name="degraded assets"
          count={assets?.filter((asset) => asset.health === "degraded").length}
          tone="bad"
          to="/assets"
          search={{ state: "degraded" }}
        />
        <Tile
          name="failing checks"
          count={assets && failingChecks(assets).length}
          tone="bad"
          to="/checks"
          search={{ state: "failed" }}
        />
        <Tile name="late" count={assets && lateAssets(assets).length} tone="warn" to="/assets" />
      </div>
      {error && <p className="problem">{error.message}</p>}
      {timeline ? <Timeline data={timeline} now={now} pastMs={pastMs} aheadMs={aheadMs} /> : <p className="empty">Loading…</p>}
      <h2>What is wrong now</h2>
      {failures && assets && ticks ? (
        <Problems failures={failures} assets={assets} ticks={ticks} workspace={workspace} />
      ) : (
        <p className="empty">Loading…</p>
      )}
    </div>
  );
}

interface TileProps {
  name: string;
  count: number | undefined;
  tone: string;
  to: "/runs" | "/assets" | "/checks";
  search?: { status?: string; state?: string };
}

function Tile({ name, count, tone, to, search = {} }: TileProps) {
  return (
    <Link to={to} search={search} className={`tile ${count ? tone : ""}`}>
      <b>{count?.toLocaleString("en") ?? "–"}</b> {name}
    </Link>
  );
}
