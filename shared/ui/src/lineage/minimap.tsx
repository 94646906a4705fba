import type { Asset } from "@kc/host/client";
import { Panel, useReactFlow, useStore } from "@xyflow/react";
import { useEffect, useMemo, useRef } from "react";
import { locationColor } from "./color.ts";
import type { Place } from "./quick-layout.ts";
import { nodeSize } from "./use-layout.ts";

const most = { width: 240, height: 165 };
/** Of a lineage that is much wider than high, or higher than wide, the map is less so. */
const least = 48;

interface Scale {
  x: number;
  y: number;
}

/**
 * The whole lineage in small, and which part of it is in sight; a click or a drag goes there. It is drawn at once, not a node
 * at a time, so that ten thousand cost a few milliseconds. For the eye and the mouse: who uses neither finds assets by name.
 */
export function Minimap({ assets, positions }: { assets: readonly Asset[]; positions: Record<string, Place> }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { setCenter, getZoom } = useReactFlow();
  const { size, scale } = useMemo(() => extentOf(assets, positions), [assets, positions]);
  useEffect(() => {
    const target = canvas.current!;
    const ratio = window.devicePixelRatio;
    target.width = size.width * ratio;
    target.height = size.height * ratio;
    const context = target.getContext("2d")!;
    context.scale(ratio, ratio);
    draw(context, assets, positions, scale);
  }, [assets, positions, size, scale]);
  const go = (event: React.PointerEvent<HTMLCanvasElement>) => {
    if (event.buttons === 0) return;
    const box = event.currentTarget.getBoundingClientRect();
    void setCenter((event.clientX - box.left) / scale.x, (event.clientY - box.top) / scale.y, { zoom: getZoom() });
  };
  return (
    <Panel position="bottom-right" className="minimap" aria-hidden="true">
      <canvas
        ref={canvas}
        style={size}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          go(event);
        }}
        onPointerMove={go}
      />
      <InSight scale={scale} size={size} />
    </Panel>
  );
}

/** The part of the lineage that is in sight, as a frame. */
function InSight({ scale, size }: { scale: Scale; size: { width: number; height: number } }) {
  const [x, y, zoom] = useStore((state) => state.transform);
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  const inside = (from: number, length: number, all: number) => {
    const begin = Math.min(all - 2, Math.max(0, from));
    return [begin, Math.min(all, Math.max(begin + 2, from + length)) - begin] as const;
  };
  const [left, wide] = inside((-x / zoom) * scale.x, (width / zoom) * scale.x, size.width);
  const [top, high] = inside((-y / zoom) * scale.y, (height / zoom) * scale.y, size.height);
  return <i className="minimap-sight" style={{ left, top, width: wide, height: high }} />;
}

/** How large the lineage is drawn; it begins at nothing, as layouts do. */
function extentOf(assets: readonly Asset[], positions: Record<string, Place>) {
  let [width, height] = [1, 1];
  for (const { key } of assets) {
    const place = positions[key];
    if (!place) continue;
    width = Math.max(width, place.x + nodeSize.width);
    height = Math.max(height, place.y + nodeSize.height);
  }
  const fit = Math.min(most.width / width, most.height / height);
  const size = { width: Math.max(least, width * fit), height: Math.max(least, height * fit) };
  return { size, scale: { x: size.width / width, y: size.height / height } };
}

function draw(context: CanvasRenderingContext2D, assets: readonly Asset[], positions: Record<string, Place>, scale: Scale): void {
  const style = getComputedStyle(context.canvas);
  const bad = style.getPropertyValue("--bad");
  const run = style.getPropertyValue("--run");
  // What matters lies on top: of a point that many assets share its colour is seen.
  const layers: [(asset: Asset) => boolean, (asset: Asset) => string][] = [
    [(asset) => !isBad(asset) && !isRunning(asset), (asset) => locationColor(asset.location)],
    [isBad, () => bad],
    [isRunning, () => run],
  ];
  const dot = { width: Math.max(1.5, nodeSize.width * scale.x), height: Math.max(1, nodeSize.height * scale.y) };
  let last = "";
  for (const [within, color] of layers)
    for (const asset of assets) {
      const place = positions[asset.key];
      if (!place || !within(asset)) continue;
      const wanted = color(asset);
      if (wanted !== last) context.fillStyle = wanted;
      last = wanted;
      context.fillRect(place.x * scale.x, place.y * scale.y, dot.width, dot.height);
    }
}

const isBad = (asset: Asset): boolean => asset.health === "degraded";
const isRunning = (asset: Asset): boolean => asset.status === "running" || asset.status === "queued";
