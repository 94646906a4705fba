import type { Asset } from "@kc/host/client";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { queries } from "../api.ts";
import { LineageGraph } from "../lineage/graph.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { counted } from "../parts/words.ts";

const reach: Record<string, number> = { "1 step": 1, "2 steps": 2, "3 steps": 3, everything: Number.POSITIVE_INFINITY };

/** The lineage around one asset: what it needs and what it feeds, as many steps away as is asked for. */
export function Neighbours({ assetKey }: { assetKey: string }) {
  const [steps, choose] = useState("1 step");
  const navigate = useNavigate();
  const { data: all = [] } = useQuery(queries.assets);
  const near = useMemo(() => within(all, assetKey, reach[steps]!), [all, assetKey, steps]);
  return (
    <section>
      <p className="row">
        <Tabs label="How far" names={Object.keys(reach)} chosen={steps} onChoose={choose} />
        <span className="dim">{counted(near.length, "asset")}</span>
      </p>
      <div className="canvas framed">
        <LineageGraph
          key={steps}
          assets={near}
          selected={assetKey}
          onSelect={(key) => key && void navigate({ to: "/assets/$", params: { _splat: key }, search: { tab: "lineage" } })}
        />
      </div>
    </section>
  );
}

/** The asset with all that lie upstream or downstream of it within so many steps. */
function within(all: readonly Asset[], key: string, steps: number): Asset[] {
  const byKey = new Map(all.map((asset) => [asset.key, asset]));
  const found = new Set([key]);
  for (const side of ["deps", "dependents"] as const) {
    let edge = [key];
    for (let step = 0; step < steps && edge.length > 0; step++) {
      edge = [...new Set(edge.flatMap((one) => byKey.get(one)?.[side] ?? []))].filter((one) => byKey.has(one) && !found.has(one));
      for (const one of edge) found.add(one);
    }
  }
  return all.filter((asset) => found.has(asset.key));
}
