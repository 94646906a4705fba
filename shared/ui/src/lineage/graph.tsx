import type { Asset } from "@kc/host/client";
import { Background, BackgroundVariant, Controls, type Edge, MiniMap, ReactFlow } from "@xyflow/react";
import { useMemo } from "react";
import { locationColor } from "./color.ts";
import { type AssetFlowNode, AssetNode } from "./node.tsx";
import { edgesOf, nodeSize, useLayout } from "./use-layout.ts";

const nodeTypes = { asset: AssetNode };

/** The lineage of the given assets. Clicking a node selects its asset, clicking the ground selects none. */
export function LineageGraph({
  assets,
  selected,
  onSelect,
}: {
  assets: Asset[];
  selected: string | undefined;
  onSelect(key: string | undefined): void;
}) {
  const positions = useLayout(assets);
  const nodes = useMemo<AssetFlowNode[]>(
    () =>
      positions
        ? assets
            .filter((asset) => positions[asset.key])
            .map((asset) => ({
              id: asset.key,
              type: "asset",
              position: positions[asset.key]!,
              data: { asset, color: locationColor(asset.location) },
              selected: asset.key === selected,
              ...nodeSize,
            }))
        : [],
    [assets, positions, selected],
  );
  const edges = useMemo<Edge[]>(() => {
    const byKey = new Map(assets.map((asset) => [asset.key, asset]));
    return edgesOf(assets).map(({ id, from, to }) => ({
      id,
      source: from,
      target: to,
      animated: byKey.get(to)?.status === "running",
      className: selected && (from === selected || to === selected) ? "near" : "",
    }));
  }, [assets, selected]);
  if (!positions) return <p className="empty">{assets.length === 0 ? "No assets yet." : "Laying the lineage out…"}</p>;
  return (
    <ReactFlow
      nodes={nodes}
      edges={edges}
      nodeTypes={nodeTypes}
      fitView
      fitViewOptions={{ padding: 0.12, maxZoom: 1.1 }}
      minZoom={0.05}
      onlyRenderVisibleElements={assets.length > 300}
      nodesDraggable={false}
      nodesConnectable={false}
      onNodeClick={(_, node) => onSelect(node.id)}
      onPaneClick={() => onSelect(undefined)}
      proOptions={{ hideAttribution: true }}
    >
      <Background variant={BackgroundVariant.Dots} gap={22} size={1.2} />
      <Controls showInteractive={false} />
      {assets.length > 40 && <MiniMap pannable zoomable />}
    </ReactFlow>
  );
}
