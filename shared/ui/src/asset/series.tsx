import type { Metadata } from "@kc/host/client";
import { useQuery } from "@tanstack/react-query";
import { queries } from "../api.ts";

const width = 320;
const height = 48;

/** Every number of the latest materialization as it was before: a small plot each, once there are two values. */
export function SeriesList({ assetKey, metadata }: { assetKey: string; metadata: Metadata }) {
  const names = Object.entries(metadata).flatMap(([name, { value }]) => (typeof value === "number" ? [name] : []));
  if (names.length === 0) return null;
  return (
    <section>
      <h2>Over time</h2>
      {names.map((name) => (
        <Series key={name} assetKey={assetKey} name={name} />
      ))}
    </section>
  );
}

function Series({ assetKey, name }: { assetKey: string; name: string }) {
  const { data } = useQuery(queries.series(assetKey, name));
  const points = data?.points ?? [];
  if (points.length < 2) return null;
  const values = points.map((point) => point.value);
  const least = Math.min(...values);
  const most = Math.max(...values);
  const place = (value: number, at: number): [number, number] => [
    2 + (at / (points.length - 1)) * (width - 4),
    most === least ? height / 2 : height - 3 - ((value - least) / (most - least)) * (height - 6),
  ];
  const path = values.map((value, at) => `${at === 0 ? "M" : "L"}${place(value, at).join(" ")}`).join("");
  return (
    <figure className="series">
      <figcaption>
        {name} <span className="dim">{`${least.toLocaleString("en-US")} to ${most.toLocaleString("en-US")}`}</span>
      </figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`${name} over ${points.length} materializations`}>
        <path d={path} fill="none" stroke="currentColor" strokeWidth="1.5" />
        {points.map((point, at) => {
          const [x, y] = place(point.value, at);
          return (
            <circle key={point.eventId} cx={x} cy={y} r="2.5" fill="currentColor">
              <title>{`${point.at}${point.partition ? `, ${point.partition}` : ""}: ${point.value.toLocaleString("en-US")}`}</title>
            </circle>
          );
        })}
      </svg>
    </figure>
  );
}
