import { useQuery } from "@tanstack/react-query";
import { Channels } from "../alerts/channels.tsx";
import { Deliveries } from "../alerts/deliveries.tsx";
import { Mutes, useMuting } from "../alerts/mutes.tsx";
import { OpenAlerts } from "../alerts/open-alerts.tsx";
import { Rules } from "../alerts/rules.tsx";
import { queries } from "../api.ts";

const example = `alerts:
  channels:
    ops: { type: slack, url: env:SLACK_WEBHOOK_URL }
  rules:
    - { name: nightly, on: [asset_failed, freshness], select: "group:finance", channels: [ops] }`;

export function AlertsPage() {
  const { data, error } = useQuery(queries.alerts);
  const muting = useMuting();
  if (error) return <p className="problem page">{error.message}</p>;
  if (!data) return <p className="empty">Loading…</p>;
  if (data.rules.length === 0 && data.channels.length === 0)
    return (
      <div className="page">
        <h1>Alerts</h1>
        <p>Nobody is told of anything yet: kc.yaml has no rules and no channels. Such as:</p>
        <pre>{example}</pre>
      </div>
    );
  return (
    <div className="page">
      <h1>Alerts</h1>
      <h2>Open</h2>
      <OpenAlerts open={data.open} />
      <h2>Channels</h2>
      <Channels channels={data.channels} />
      <h2>Rules</h2>
      <Rules rules={data.rules} muting={muting} />
      <h2>Mutes</h2>
      <Mutes mutes={data.mutes} muting={muting} />
      <h2>Last messages</h2>
      <Deliveries deliveries={data.deliveries} />
    </div>
  );
}
