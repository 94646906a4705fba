import { type FitViewOptions, useReactFlow, useStoreApi } from "@xyflow/react";
import { useEffect, useRef } from "react";
import type { Place } from "./quick-layout.ts";
import { nodeSize } from "./use-layout.ts";

/** An asset that was asked for by its name: a new object each time. */
export interface Sought {
  key: string;
}

/** Names can be read from here on. */
const readable = 0.75;

interface Props {
  positions: Record<string, Place>;
  selected: string | undefined;
  sought: Sought | undefined;
  /** Which assets these are: of others the view begins anew. */
  selection: string;
  fit: FitViewOptions;
}

/** Brings the chosen asset into sight: where it is out of sight, and always the one that was sought. */
export function Follow({ positions, selected, sought, selection, fit }: Props) {
  const { setCenter, fitView } = useReactFlow();
  const store = useStoreApi();
  const found = useRef<Sought>(undefined);
  const fitted = useRef(selection);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a selection is there once its positions are
  useEffect(() => {
    if (fitted.current === selection) return undefined;
    fitted.current = selection;
    const frame = requestAnimationFrame(() => void fitView(fit));
    return () => cancelAnimationFrame(frame);
  }, [positions]);
  useEffect(() => {
    const place = selected === undefined ? undefined : positions[selected];
    if (!place) return undefined;
    // The panel that opens beside the lineage takes room of it first.
    const frame = requestAnimationFrame(() => {
      const { transform, width, height } = store.getState();
      const [x, y, zoom] = transform;
      const isNew = sought?.key === selected && sought !== found.current;
      const [left, top] = [place.x * zoom + x, place.y * zoom + y];
      const inSight = left >= 0 && top >= 0 && left + nodeSize.width * zoom <= width && top + nodeSize.height * zoom <= height;
      if (isNew) found.current = sought;
      if (inSight && !(isNew && zoom < readable)) return;
      // A way that is far leads over the whole lineage, which would be drawn to be seen for a moment.
      const far = Math.abs(left - width / 2) > width || Math.abs(top - height / 2) > height;
      const calm = far || matchMedia("(prefers-reduced-motion: reduce)").matches;
      void setCenter(place.x + nodeSize.width / 2, place.y + nodeSize.height / 2, {
        zoom: isNew ? Math.max(zoom, readable) : zoom,
        duration: calm ? 0 : 250,
      });
    });
    return () => cancelAnimationFrame(frame);
  }, [positions, selected, sought, setCenter, store]);
  return null;
}
