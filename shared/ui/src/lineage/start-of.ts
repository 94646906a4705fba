import type { Place } from "./quick-layout.ts";

/** What of a large lineage is seen first: around the chosen asset, else around the one nearest to the upper left. */
export function startOf(positions: Record<string, Place>, selected: string | undefined): { id: string }[] {
  const places = Object.values(positions);
  const first = places.reduce((best, place) => (place.x + place.y < best.x + best.y ? place : best), places[0]!);
  const { x, y } = (selected !== undefined && positions[selected]) || first;
  return Object.entries(positions)
    .filter(([, place]) => Math.abs(place.x - x) < 900 && Math.abs(place.y - y) < 500)
    .map(([id]) => ({ id }));
}
