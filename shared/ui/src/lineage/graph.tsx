import type { Asset } from "@kc/host/client";
import { Background, BackgroundVariant, Controls, type Edge, type NodeHandle, Position, ReactFlow } from "@xyflow/react";
import { useMemo } from "react";
import { locationColor } from "./color.ts";
import { Follow, type Sought } from "./follow.tsx";
import { Minimap } from "./minimap.tsx";
import { type AssetFlowNode, AssetNode } from "./node.tsx";
import { startOf } from "./start-of.ts";
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
  sought,
  selection = "",
  onSelect,
}: {
  assets: Asset[];
  selected: string | undefined;
  sought?: Sought | undefined;
  /** What the assets were selected by. */
  selection?: string;
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
              ariaRole: "button",
              ariaLabel: `${asset.key}: ${asset.external ? "external" : asset.status}, ${asset.health}`,
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
  const fit = { padding: 0.12, maxZoom: 1.1, ...(first ? { nodes: first } : {}) };
  if (assets.length === 0) return <p className="empty">There is no asset to show.</p>;
  if (!positions) return <p className="empty">Laying the lineage out…</p>;
  return (
    <ReactFlow
      nodes={nodes}
      edges={edges}
      nodeTypes={nodeTypes}
      fitView
      fitViewOptions={fit}
      // Of a large lineage as much is seen at one time as a browser can draw at the speed of a hand.
      minZoom={large ? 0.2 : 0.05}
      // Always: it takes new assets a moment after what it is told besides, and would draw ten thousand that are on their way out.
      onlyRenderVisibleElements
      nodesDraggable={false}
      nodesConnectable={false}
      onNodeClick={(_, node) => onSelect(node.id)}
      onPaneClick={() => onSelect(undefined)}
      edgesFocusable={false}
      // Its own keys would move nodes, which stand where they stand.
      disableKeyboardA11y
      onKeyDown={(event) => {
        const key = (event.target as Element).closest<HTMLElement>(".react-flow__node")?.dataset.id;
        if (event.key === "Escape") onSelect(undefined);
        if (key === undefined || (event.key !== "Enter" && event.key !== " ")) return;
        event.preventDefault();
        onSelect(key);
      }}
      proOptions={{ hideAttribution: true }}
    >
      <Background variant={BackgroundVariant.Dots} gap={22} size={1.2} />
      <Controls showInteractive={false} />
      <Follow positions={positions} selected={selected} sought={sought} selection={selection} fit={fit} />
      {assets.length > 40 && <Minimap assets={assets} positions={positions} />}
    </ReactFlow>
  );
}
