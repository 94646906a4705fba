import { describe, expect, test } from "vitest";
import { quickLayout } from "./quick-layout.ts";

const size = { width: 236, height: 74 };
/** A lineage of a few parts, from numbers that only look random. */
function lineage(count: number) {
  let seed = 7;
  const below = (limit: number) => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
    return seed % limit;
  };
  const nodes = Array.from({ length: count }, (_, at) => `asset_${at}`);
  const edges = nodes.flatMap((to, at) =>
    at % 50 === 0 ? [] : Array.from({ length: below(3) }, () => ({ from: nodes[at - 1 - below(at % 50)]!, to })),
  );
  return { nodes, edges };
}

describe("the layout of large lineages", () => {
  const { nodes, edges } = lineage(3_000);
  const places = quickLayout(nodes, edges, size);
  test("has a place for every asset, and none lies on another", () => {
    expect(Object.keys(places).sort()).toEqual([...nodes].sort());
    const cells = new Map<string, { x: number; y: number }[]>();
    for (const place of Object.values(places)) {
      const key = `${Math.floor(place.x / 300)} ${Math.floor(place.y / 100)}`;
      cells.set(key, [...(cells.get(key) ?? []), place]);
    }
    for (const place of Object.values(places)) {
      const [column, row] = [Math.floor(place.x / 300), Math.floor(place.y / 100)];
      const near = [-1, 0, 1].flatMap((dx) => [-1, 0, 1].flatMap((dy) => cells.get(`${column + dx} ${row + dy}`) ?? []));
      const under = near.filter((one) => Math.abs(one.x - place.x) < size.width && Math.abs(one.y - place.y) < size.height);
      expect(under).toEqual([place]);
    }
  });
  test("an asset stands right of all that it needs", () => {
    for (const { from, to } of edges) expect(places[to]!.x).toBeGreaterThanOrEqual(places[from]!.x + size.width);
  });
  test("is the same every time", () => {
    expect(quickLayout(nodes, edges, size)).toEqual(places);
  });
  test("is about as wide as high, though most parts are small", () => {
    const right = Math.max(...Object.values(places).map((place) => place.x + size.width));
    const bottom = Math.max(...Object.values(places).map((place) => place.y + size.height));
    expect(right / bottom).toBeGreaterThan(0.5);
    expect(right / bottom).toBeLessThan(3);
  });
  test("an only dependant stands at the height of what it needs", () => {
    const chain = quickLayout(
      ["a", "b", "c"],
      [
        { from: "a", to: "b" },
        { from: "b", to: "c" },
      ],
      size,
    );
    expect(new Set(Object.values(chain).map((place) => place.y))).toEqual(new Set([0]));
  });
  test("a cycle, and no asset at all, end", () => {
    expect(
      Object.keys(
        quickLayout(
          ["a", "b"],
          [
            { from: "a", to: "b" },
            { from: "b", to: "a" },
          ],
          size,
        ),
      ),
    ).toHaveLength(2);
    expect(quickLayout([], [], size)).toEqual({});
  });
});
