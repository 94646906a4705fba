import Elk from "elkjs/lib/elk.bundled.js";
import { quickLayout } from "./quick-layout.ts";

// Lays the lineage out beside the page's own thread, so that ten thousand assets never freeze a click.
export interface LayoutRequest {
  id: number;
  nodes: { id: string; width: number; height: number }[];
  edges: { id: string; from: string; to: string }[];
}
export interface LayoutAnswer {
  id: number;
  positions: Record<string, { x: number; y: number }>;
}

const elk = new Elk();
/** Up to so many assets ELK takes less than a second or two; its time grows with the third power. */
const fewest = 120;

self.onmessage = async ({ data }: MessageEvent<LayoutRequest>) => {
  const positions = data.nodes.length > fewest ? quick(data) : await beautiful(data);
  self.postMessage({ id: data.id, positions } satisfies LayoutAnswer);
};

const quick = ({ nodes, edges }: LayoutRequest): LayoutAnswer["positions"] =>
  quickLayout(
    nodes.map((node) => node.id),
    edges,
    nodes[0]!,
  );

async function beautiful(data: LayoutRequest): Promise<LayoutAnswer["positions"]> {
  const graph = await elk.layout({
    id: "root",
    layoutOptions: {
      "elk.algorithm": "layered",
      "elk.direction": "RIGHT",
      "elk.layered.spacing.nodeNodeBetweenLayers": "72",
      "elk.spacing.nodeNode": "22",
      "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
      "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
      "elk.spacing.componentComponent": "48",
    },
    children: data.nodes,
    edges: data.edges.map(({ id, from, to }) => ({ id, sources: [from], targets: [to] })),
  });
  return Object.fromEntries((graph.children ?? []).map((node) => [node.id, { x: node.x ?? 0, y: node.y ?? 0 }]));
}
