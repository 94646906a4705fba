import type { PartitionGrid as Grid } from "@kc/host/client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { queries } from "../api.ts";
import { StartBackfill } from "../parts/start-backfill.tsx";
import { ChosenPartitions } from "./chosen-partitions.tsx";

type Cell = Grid["rows"][number]["cells"][number];

const words = { materialized: "made", partly: "made in part", inProgress: "in progress", failed: "failed", missing: "missing" };
const counts = ["materialized", "inProgress", "failed", "missing"] as const;

/** Which partitions of an asset are made, failed and missing; a click on a stretch chooses it for a backfill. */
export function PartitionGrid({ assetKey }: { assetKey: string }) {
  const { data: grid, error } = useQuery(queries.partitionGrid(assetKey));
  const [chosen, setChosen] = useState<{ row: number; from: number; to: number }>();
  if (error) return <p className="problem">{error.message}</p>;
  if (!grid) return null;
  const cells = chosen && grid.rows[chosen.row]?.cells.slice(chosen.from, chosen.to + 1);
  const range = cells?.length ? rangeText(cells[0]!.first, cells.at(-1)!.last) : undefined;
  const choose = (row: number, at: number, extend: boolean) =>
    setChosen((before) =>
      extend && before?.row === row
        ? { row, from: Math.min(before.from, at), to: Math.max(before.to, at) }
        : { row, from: at, to: at },
    );
  return (
    <section>
      <h2>Partitions</h2>
      <p className="row dim">
        {grid.description}, {grid.counts.total.toLocaleString("en")}:
        {counts.map((field) => (
          <span key={field} className="partition-count">
            <i className={`cell p-${field}`} aria-hidden="true" /> {grid.counts[field].toLocaleString("en")} {words[field]}
          </span>
        ))}
      </p>
      {grid.rows.map((row, index) => (
        <div key={row.name} className="partition-row">
          {row.name && <span className="partition-name">{row.name}</span>}
          <div className="partition-cells">
            {row.cells.map((cell, at) => (
              <button
                key={cell.first}
                type="button"
                className={`cell p-${fieldOf(cell)}${chosen?.row === index && at >= chosen.from && at <= chosen.to ? " chosen" : ""}`}
                title={`${rangeText(cell.first, cell.last)}: ${counts
                  .filter((field) => cell[field] > 0)
                  .map((field) => `${cell[field]} ${words[field]}`)
                  .join(", ")}`}
                aria-label={`${rangeText(cell.first, cell.last)} ${words[fieldOf(cell)]}`}
                onClick={(event) => choose(index, at, event.shiftKey)}
              />
            ))}
          </div>
        </div>
      ))}
      {grid.moreRows > 0 && (
        <p className="dim small">
          {grid.moreRows} more rows: kc partitions {assetKey}
        </p>
      )}
      {range === undefined ? (
        <p className="dim small">A click on a partition shows it; with Shift, all up to it.</p>
      ) : (
        <ChosenPartitions key={range} assetKey={assetKey} range={range} />
      )}
      <StartBackfill selection={`key:"${assetKey}"`} range={range} clear={() => setChosen(undefined)} />
    </section>
  );
}

const rangeText = (first: string, last: string): string => (first === last ? first : `${first}...${last}`);

/** What a stretch is shown as: the worst of what is in it. */
function fieldOf(cell: Cell): keyof typeof words {
  if (cell.failed > 0) return "failed";
  if (cell.inProgress > 0) return "inProgress";
  if (cell.materialized === cell.total) return "materialized";
  return cell.materialized > 0 ? "partly" : "missing";
}
