import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { api, queries } from "../api.ts";
import { locationColor } from "../lineage/color.ts";
import { LineageGraph } from "../lineage/graph.tsx";
import { AssetPanel } from "../parts/asset-panel.tsx";
import { Materialize } from "../parts/materialize.tsx";

export function LineagePage() {
  const { asset: selected } = useSearch({ from: "/" });
  const navigate = useNavigate({ from: "/" });
  const [text, setText] = useState("");
  const { data: all = [] } = useQuery(queries.assets);
  const selection = useQuery({
    queryKey: ["selection", text, all.length],
    queryFn: () => api.assets(text),
    enabled: text.trim() !== "",
    retry: false,
    placeholderData: (previous) => previous,
  });
  const assets = useMemo(() => {
    if (text.trim() === "" || !selection.data) return all;
    const keys = new Set(selection.data.map((asset) => asset.key));
    return all.filter((asset) => keys.has(asset.key));
  }, [all, selection.data, text]);
  const locations = [...new Set(all.map((asset) => asset.location))].sort();
  const failed = all.filter((asset) => asset.health === "degraded").length;
  return (
    <div className="lineage">
      <div className="toolbar">
        <input
          type="search"
          placeholder="Select: +orders · group:staging · kind:dbt and not owner:team:x"
          value={text}
          onChange={(event) => setText(event.target.value)}
          aria-label="Asset selection"
          spellCheck={false}
        />
        {text.trim() !== "" && !selection.error && <Materialize selection={text} label={`Materialize ${assets.length}`} />}
        <span className="legend">
          {locations.map((name) => (
            <button key={name} type="button" className="quiet" onClick={() => setText(`location:${name}`)}>
              <i style={{ background: locationColor(name) }} /> {name}
            </button>
          ))}
        </span>
        <span className="dim right">
          {all.length} assets{failed > 0 && <b className="problem-inline"> · {failed} degraded</b>}
        </span>
      </div>
      {selection.error && text.trim() !== "" && <pre className="problem">{selection.error.message}</pre>}
      <div className="split">
        <div className="canvas">
          <LineageGraph
            assets={assets}
            selected={selected}
            onSelect={(key) => void navigate({ search: key ? { asset: key } : {} })}
          />
        </div>
        {selected && (
          <aside>
            <button type="button" className="close" aria-label="Close" onClick={() => void navigate({ search: {} })}>
              ×
            </button>
            <AssetPanel assetKey={selected} />
          </aside>
        )}
      </div>
    </div>
  );
}
