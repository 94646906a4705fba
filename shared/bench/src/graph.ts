import type { AssetSnapshot, AutomationCondition, LocationSnapshot } from "@kc/runtime/internal";

/** Assets in layers of 100, each on three of the layer before: a workspace as large companies have them. */
export function layeredKeys(count: number): { key: string; deps: string[] }[] {
  const width = 100;
  const name = (index: number) => `layer_${Math.floor(index / width)}/asset_${index}`;
  return Array.from({ length: count }, (_, index) => {
    const above = Math.floor(index / width) * width - width;
    return { key: name(index), deps: above < 0 ? [] : [0, 1, 7].map((step) => name(above + ((index + step) % width))) };
  });
}

/** The same as definitions of ten locations. */
export function layeredLocations(count: number, automation: AutomationCondition): LocationSnapshot[] {
  const assets = layeredKeys(count).map(
    ({ key, deps }): AssetSnapshot => ({
      key,
      step: key,
      deps,
      group: "default",
      owners: [],
      kinds: [],
      tags: {},
      metadata: {},
      automation,
      checks: [],
      external: false,
      subset: true,
      resources: [],
    }),
  );
  return Array.from({ length: 10 }, (_, location) => ({
    name: `team_${location}`,
    assets: assets.filter((_, index) => Math.floor(index / 100) % 10 === location),
    jobs: [],
    schedules: [],
    sensors: [],
    components: [],
    warnings: [],
  }));
}
