import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { AssetPanel } from "../asset/panel.tsx";
import { locationColor } from "../lineage/color.ts";
import type { Sought } from "../lineage/follow.tsx";
import { LineageGraph } from "../lineage/graph.tsx";
import { Finder, type FinderItem } from "../parts/finder.tsx";
import { Materialize } from "../parts/materialize.tsx";
import { SelectionError, SelectionInput, useSelection } from "../parts/selection.tsx";
import { counted } from "../parts/words.ts";

export function LineagePage() {
  const { asset: selected } = useSearch({ from: "/" });
  const navigate = useNavigate({ from: "/" });
  const [text, setText] = useState("");
  const [sought, setSought] = useState<Sought>();
  const { all, assets, error } = useSelection(text);
  const items = useMemo(() => all.map(({ key, location }) => ({ id: key, name: key, detail: location })), [all]);
  const find = ({ id: key }: FinderItem) => {
    // What the selection leaves out is not drawn.
    if (!assets.some((asset) => asset.key === key)) setText("");
    setSought({ key });
    void navigate({ search: { asset: key } });
  };
  const locations = [...new Set(all.map((asset) => asset.location))].sort();
  const failed = all.filter((asset) => asset.health === "degraded").length;
  return (
    <div className="lineage">
      <h1 className="unseen">Lineage</h1>
      <div className="toolbar">
        <Finder label="Find an asset" items={items} onFind={find} />
        <SelectionInput value={text} onChange={setText} />
        {text.trim() !== "" && !error && <Materialize request={{ selection: text }} label={`Materialize ${assets.length}`} />}
        <span className="legend">
          {locations.map((name) => (
            <button key={name} type="button" className="quiet" onClick={() => setText(`location:${name}`)}>
              <i style={{ background: locationColor(name) }} /> {name}
            </button>
          ))}
        </span>
        <span className="dim right">
          {counted(all.length, "asset")}
          {failed > 0 && <b className="problem-inline"> · {failed} degraded</b>}
        </span>
      </div>
      <SelectionError error={error} />
      <div className="split">
        <div className="canvas">
          <LineageGraph
            assets={assets}
            selected={selected}
            sought={sought}
            selection={text}
            onSelect={(key) => void navigate({ search: key ? { asset: key } : {} })}
          />
        </div>
        {selected && (
          <aside aria-label={`About ${selected}`}>
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
