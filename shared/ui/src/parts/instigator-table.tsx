import type { Instigator, Tick } from "@kc/host/client";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type InstigatorType, queries } from "../api.ts";
import { Breakable } from "./breakable.tsx";
import { InstigatorSwitch } from "./instigator-switch.tsx";
import { Status } from "./status.tsx";
import { TickDot } from "./tick-text.tsx";
import { Ago, Until } from "./time.tsx";
import { When } from "./when.tsx";

/** Schedules or sensors, each with its latest ticks and a switch. */
export function InstigatorTable({ items, type }: { items: Instigator[]; type: InstigatorType }) {
  const { data: ticks = [] } = useQuery(queries.ticks);
  if (items.length === 0) return <p className="empty">None.</p>;
  const of = (item: Instigator): Tick[] =>
    ticks.filter((tick) => tick.type === item.type && tick.location === item.location && tick.name === item.name);
  return (
    <table>
      <thead>
        <tr>
          <th>Name</th>
          <th>Location</th>
          <th>When</th>
          <th>Target</th>
          <th>Next</th>
          <th>Latest ticks</th>
          <th>On</th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={`${item.location}/${item.name}`}>
            <td>
              <Link
                to={type === "schedules" ? "/schedules/$location/$name" : "/sensors/$location/$name"}
                params={{ location: item.location, name: item.name }}
              >
                <Breakable text={item.name} />
              </Link>
              {item.description && <div className="dim small">{item.description}</div>}
            </td>
            <td>{item.location}</td>
            <td className="nowrap">
              <When item={item} />
            </td>
            <td className="dim">
              {item.job ? (
                <Link to="/jobs/$location/$name" params={{ location: item.location, name: item.job }}>
                  job {item.job}
                </Link>
              ) : (
                <span className="wrap">
                  <Breakable text={item.target ?? ""} />
                </span>
              )}
            </td>
            <td>{item.nextTickAt && <Until at={item.nextTickAt} />}</td>
            <td className="nowrap">
              <span className="dots">
                {of(item)
                  .slice(0, 8)
                  .map((tick) => (
                    <TickDot key={tick.id} tick={tick} />
                  ))}
              </span>{" "}
              <span className="dim small">
                <Ago at={of(item)[0]?.at ?? item.lastTickAt} />
              </span>
              {of(item)[0]?.status === "failed" && (
                <div className="small">
                  <Status value="failed" label="the latest failed" />
                </div>
              )}
            </td>
            <td>
              <InstigatorSwitch item={item} type={type} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
