import type { Instigator } from "@kc/host/client";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, queries } from "../api.ts";
import { Status } from "../parts/status.tsx";
import { Ago } from "../parts/time.tsx";

export function AutomationPage() {
  const { data: schedules = [] } = useQuery(queries.schedules);
  const { data: sensors = [] } = useQuery(queries.sensors);
  const { data: ticks = [] } = useQuery(queries.ticks);
  return (
    <div className="page">
      <h1>Automation</h1>
      <h2>Schedules</h2>
      <InstigatorTable items={schedules} type="schedules" />
      <h2>Sensors</h2>
      <InstigatorTable items={sensors} type="sensors" />
      <h2>Latest ticks</h2>
      <table>
        <thead>
          <tr>
            <th>When</th>
            <th>Of</th>
            <th>Outcome</th>
            <th>Why</th>
            <th>Late</th>
          </tr>
        </thead>
        <tbody>
          {ticks.map((tick) => (
            <tr key={tick.id}>
              <td>
                <Ago at={tick.at} />
              </td>
              <td>
                {tick.location}/{tick.name}
              </td>
              <td>
                <Status value={tick.status === "success" ? "succeeded" : tick.status} />
              </td>
              <td className={tick.error ? "problem-inline" : "dim"}>
                {tick.error ?? tick.skip ?? `${tick.requestIds.length} ${tick.requestIds.length === 1 ? "request" : "requests"}`}
                {tick.attempts > 0 ? ` (failed ${tick.attempts} times before)` : ""}
                {tick.logs.length > 0 ? (
                  <details>
                    <summary>{tick.logs.length} lines</summary>
                    <pre>{tick.logs.map(({ level, message }) => `${level}: ${message}`).join("\n")}</pre>
                  </details>
                ) : null}
              </td>
              <td className="dim">{tick.lateMs === null ? "" : `${tick.lateMs} ms`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function InstigatorTable({ items, type }: { items: Instigator[]; type: "schedules" | "sensors" }) {
  const client = useQueryClient();
  const turn = useMutation({
    mutationFn: ({ location, name, running }: Instigator) => api.turn(type, location, name, !running),
    onSuccess: () => client.invalidateQueries({ queryKey: ["instigators"] }),
  });
  if (items.length === 0) return <p className="empty">None.</p>;
  return (
    <table>
      <thead>
        <tr>
          <th>Name</th>
          <th>Location</th>
          <th>When</th>
          <th>Target</th>
          <th>Next</th>
          <th>Last</th>
          <th>What it would do</th>
          <th>On</th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={`${item.location}/${item.name}`}>
            <td title={item.description ?? ""}>{item.name}</td>
            <td>{item.location}</td>
            <td>
              {item.cron ? (
                <code>{item.cron}</code>
              ) : item.intervalMs ? (
                `every ${item.intervalMs / 1000} s`
              ) : (
                `on events (${item.kind})`
              )}
            </td>
            <td className="dim">{item.target ?? ""}</td>
            <td>{item.nextTickAt ? <time>{item.nextTickAt.slice(11, 19)} UTC</time> : ""}</td>
            <td>
              <Ago at={item.lastTickAt} />
            </td>
            <td>
              <TickPreview item={item} type={type} />
            </td>
            <td>
              <button
                type="button"
                role="switch"
                aria-checked={item.running}
                aria-label={`${item.name} is ${item.running ? "on" : "off"}`}
                className="switch"
                onClick={() => turn.mutate(item)}
              />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What the next tick would do, asked for by hand: nothing of it is done. */
function TickPreview({ item, type }: { item: Instigator; type: "schedules" | "sensors" }) {
  const { location, name } = item;
  const look = useMutation({
    mutationFn: async () => {
      const ticks = type === "schedules" ? (await api.upcomingTicks(location, name, { count: 5 })).ticks : [];
      return { ticks, preview: await api.previewTick(type, location, name, ticks[0] ? { at: ticks[0] } : {}) };
    },
  });
  if (item.kind === "automation" || item.kind === "freshness") return null;
  return (
    <>
      <button
        type="button"
        className="quiet"
        disabled={look.isPending}
        onClick={() => (look.data ? look.reset() : look.mutate())}
      >
        {look.data ? "Hide" : "Preview"}
      </button>
      {look.error ? <p className="problem-inline">{look.error.message}</p> : null}
      {look.data ? (
        <div className="dim">
          {look.data.ticks.length > 0 ? <p>Next: {look.data.ticks.map((tick) => tick.slice(0, 19)).join(", ")} UTC</p> : null}
          {look.data.preview.runs.map((run, index) => (
            <p key={run.runKey ?? index}>
              A run of {run.assets.join(", ") || "nothing"}
              {run.partition ? ` for ${run.partition}` : ""}
            </p>
          ))}
          {look.data.preview.skip ? <p>Skips: {look.data.preview.skip}</p> : null}
          {look.data.preview.error ? <p className="problem-inline">{look.data.preview.error}</p> : null}
        </div>
      ) : null}
    </>
  );
}
