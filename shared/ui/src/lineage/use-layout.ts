import type { Asset } from "@kc/host/client";
import { useEffect, useMemo, useState } from "react";
import type { LayoutAnswer, LayoutRequest } from "./layout.worker.ts";

export const nodeSize = { width: 236, height: 74 };

/** Edges between assets that are both shown. */
export function edgesOf(assets: readonly Asset[]): { id: string; from: string; to: string }[] {
  const shown = new Set(assets.map((asset) => asset.key));
  return assets.flatMap((asset) =>
    asset.deps.filter((dep) => shown.has(dep)).map((dep) => ({ id: `${dep}->${asset.key}`, from: dep, to: asset.key })),
  );
}

let worker: Worker | undefined;
let count = 0;

/** Positions of the assets; laid out again only when the shape of the graph changes, not with every status. */
export function useLayout(assets: readonly Asset[]): Record<string, { x: number; y: number }> | undefined {
  const [positions, setPositions] = useState<Record<string, { x: number; y: number }>>();
  const shape = useMemo(() => JSON.stringify(assets.map((asset) => [asset.key, asset.deps])), [assets]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the shape stands for the assets
  useEffect(() => {
    if (assets.length === 0) return undefined;
    worker ??= new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module" });
    const id = ++count;
    const listen = ({ data }: MessageEvent<LayoutAnswer>) => {
      if (data.id === id) setPositions(data.positions);
    };
    worker.addEventListener("message", listen);
    worker.postMessage({
      id,
      nodes: assets.map((asset) => ({ id: asset.key, ...nodeSize })),
      edges: edgesOf(assets),
    } satisfies LayoutRequest);
    return () => worker?.removeEventListener("message", listen);
  }, [shape]);
  return positions;
}
