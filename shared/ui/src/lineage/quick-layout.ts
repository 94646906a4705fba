interface Size {
  width: number;
  height: number;
}
export interface Place {
  x: number;
  y: number;
}

const between = { layers: 72, nodes: 22, parts: 48 };
/** How much wider than high the whole is meant to be. */
const aspect = 1.6;
const sweeps = 4;

/**
 * Places a lineage in layers from left to right: an asset stands right of all it needs, near the middle of them. It takes
 * time in proportion to the edges, where the layout of small graphs, which is more beautiful, would take minutes.
 */
export function quickLayout(
  nodes: readonly string[],
  edges: readonly { from: string; to: string }[],
  size: Size,
): Record<string, Place> {
  const index = new Map(nodes.map((id, at) => [id, at]));
  const needs: number[][] = nodes.map(() => []);
  const feeds: number[][] = nodes.map(() => []);
  for (const { from, to } of edges) {
    needs[index.get(to)!]!.push(index.get(from)!);
    feeds[index.get(from)!]!.push(index.get(to)!);
  }
  const layer = layersOf(needs, feeds);
  const parts = partsOf(needs, feeds).map((members) => placePart(members, layer, needs, feeds, size));
  return shelves(parts, nodes);
}

/** Of each node one more than the deepest that it needs; nodes of a cycle stand where they are reached last. */
function layersOf(needs: number[][], feeds: number[][]): number[] {
  const layer = needs.map(() => 0);
  const open = needs.map((list) => list.length);
  const ready = open.flatMap((count, at) => (count === 0 ? [at] : []));
  for (let next = 0; next < ready.length; next++)
    for (const to of feeds[ready[next]!]!) {
      layer[to] = Math.max(layer[to]!, layer[ready[next]!]! + 1);
      if (--open[to]! === 0) ready.push(to);
    }
  return layer;
}

/** The nodes that hang together, part by part, in the order of their first. */
function partsOf(needs: number[][], feeds: number[][]): number[][] {
  const seen = new Set<number>();
  const parts: number[][] = [];
  for (let first = 0; first < needs.length; first++) {
    if (seen.has(first)) continue;
    seen.add(first);
    const members = [first];
    for (let next = 0; next < members.length; next++)
      for (const near of [...needs[members[next]!]!, ...feeds[members[next]!]!])
        if (!seen.has(near)) {
          seen.add(near);
          members.push(near);
        }
    parts.push(members);
  }
  return parts;
}

interface Part extends Size {
  at: Map<number, Place>;
}

function placePart(members: number[], layer: number[], needs: number[][], feeds: number[][], size: Size): Part {
  const rows = [...Map.groupBy(members, (at) => layer[at]!)].sort(([a], [b]) => a - b).map(([, list]) => list);
  const y = new Map<number, number>();
  const step = size.height + between.nodes;
  const settle = (row: number[], near: number[][]) => {
    const wanted = new Map(
      row.map((at) => [at, near[at]!.length === 0 ? y.get(at)! : mean(near[at]!.map((one) => y.get(one)!))]),
    );
    row.sort((a, b) => wanted.get(a)! - wanted.get(b)!);
    let least = Number.NEGATIVE_INFINITY;
    for (const at of row) {
      const place = Math.max(wanted.get(at)!, least);
      y.set(at, place);
      least = place + step;
    }
    // Pushed down only, a row would drift: it is moved back as far as it was pushed on average.
    const drift = mean(row.map((at) => y.get(at)! - wanted.get(at)!));
    for (const at of row) y.set(at, y.get(at)! - drift);
  };
  for (const row of rows) row.forEach((at, place) => void y.set(at, place * step));
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const row of rows.slice(1)) settle(row, needs);
    if (sweep < sweeps - 1) for (const row of rows.slice(0, -1).reverse()) settle(row, feeds);
  }
  let top = Number.POSITIVE_INFINITY;
  let bottom = Number.NEGATIVE_INFINITY;
  for (const place of y.values()) {
    top = Math.min(top, place);
    bottom = Math.max(bottom, place + size.height);
  }
  const wide = size.width + between.layers;
  const at = new Map(
    rows.flatMap((row, column) => row.map((node) => [node, { x: column * wide, y: y.get(node)! - top }] as const)),
  );
  return { at, width: rows.length * wide - between.layers, height: bottom - top };
}

/** Puts the parts side by side on shelves, one below the other. */
function shelves(parts: readonly Part[], nodes: readonly string[]): Record<string, Place> {
  const area = parts.reduce((sum, part) => sum + (part.width + between.parts) * (part.height + between.parts), 0);
  const widest = Math.max(
    Math.sqrt(area * aspect),
    parts.reduce((most, part) => Math.max(most, part.width), 0),
  );
  const places: Record<string, Place> = {};
  let [x, y, high] = [0, 0, 0];
  for (const part of parts) {
    if (x > 0 && x + part.width > widest) [x, y, high] = [0, y + high + between.parts, 0];
    for (const [node, place] of part.at) places[nodes[node]!] = { x: x + place.x, y: y + place.y };
    x += part.width + between.parts;
    high = Math.max(high, part.height);
  }
  return places;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
