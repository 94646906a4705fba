import type { Asset } from "@kc/host/client";
import { Background, BackgroundVariant, Controls, type Edge, MiniMap, type NodeHandle, Position, ReactFlow } from "@xyflow/react";
import { useMemo } from "react";
import { locationColor } from "./color.ts";
import { type AssetFlowNode, AssetNode } from "./node.tsx";
import { edgesOf, nodeSize, useLayout } from "./use-layout.ts";

const nodeTypes = { asset: AssetNode };
/** Where edges begin and end. Told beforehand, or every node would have to be in the page once to be measured. */
const handles = [
  { type: "target", position: Position.Left, x: 0, y: nodeSize.height / 2, width: 1, height: 1 },
  { type: "source", position: Position.Right, x: nodeSize.width, y: nodeSize.height / 2, width: 1, height: 1 },
] satisfies NodeHandle[];

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
              handles,
              measured: nodeSize,
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
  const large = assets.length > 1_500;
  const first = useMemo(() => (large && positions ? startOf(positions, selected) : undefined), [large, positions, selected]);
  if (!positions) return <p className="empty">{assets.length === 0 ? "No assets yet." : "Laying the lineage out…"}</p>;
  return (
    <ReactFlow
      nodes={nodes}
      edges={edges}
      nodeTypes={nodeTypes}
      fitView
      fitViewOptions={{ padding: 0.12, maxZoom: 1.1, ...(first ? { nodes: first } : {}) }}
      // Of a large lineage as much is seen at one time as a browser can draw at the speed of a hand.
      minZoom={large ? 0.2 : 0.05}
      onlyRenderVisibleElements={assets.length > 300}
      nodesDraggable={false}
      nodesConnectable={false}
      onNodeClick={(_, node) => onSelect(node.id)}
      onPaneClick={() => onSelect(undefined)}
      proOptions={{ hideAttribution: true }}
    >
      <Background variant={BackgroundVariant.Dots} gap={22} size={1.2} />
      <Controls showInteractive={false} />
      {assets.length > 40 && !large && <MiniMap pannable zoomable />}
    </ReactFlow>
  );
}

/** What of a large lineage is seen first: around the chosen asset, else the upper left. */
function startOf(positions: Record<string, { x: number; y: number }>, selected: string | undefined): { id: string }[] {
  const { x, y } = (selected !== undefined && positions[selected]) || { x: 0, y: 0 };
  return Object.entries(positions)
    .filter(([, place]) => Math.abs(place.x - x) < 900 && Math.abs(place.y - y) < 500)
    .map(([id]) => ({ id }));
}
