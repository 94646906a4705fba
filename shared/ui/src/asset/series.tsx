import type { Metadata, Series } from "@kc/host/client";
import { useQueries } from "@tanstack/react-query";
import { queries } from "../api.ts";

const width = 320;
const height = 48;

/** Every number of the latest materialization as it was before: a small plot each, once there are two values. */
export function SeriesList({ assetKey, metadata }: { assetKey: string; metadata: Metadata }) {
  const names = Object.entries(metadata).flatMap(([name, { value }]) => (typeof value === "number" ? [name] : []));
  const answers = useQueries({ queries: names.map((name) => queries.series(assetKey, name)) });
  const drawn = answers.flatMap(({ data }) => (data && data.points.length > 1 ? [data] : []));
  if (drawn.length === 0) return null;
  return (
    <section>
      <h2>Over time</h2>
      {drawn.map((series) => (
        <Plot key={series.name} series={series} />
      ))}
    </section>
  );
}

function Plot({ series: { name, points } }: { series: Series }) {
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
