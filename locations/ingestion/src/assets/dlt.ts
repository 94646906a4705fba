import type { AssetsDefinition } from "@kc/runtime";

export const dltAssets: AssetsDefinition[] = [];
