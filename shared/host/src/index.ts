export { type Environment, locationEnvironment, rootEnvironment } from "./environment.ts";
export { type Instance, type InstanceOptions, startInstance } from "./instance.ts";
export { type JoinedHost, joinHost } from "./join.ts";
export { assetKeysText, readAssetKeys } from "./locations/asset-keys.ts";
export { findLocations, type LocationEntry, readLocationPackage, readWorkspaceFile } from "./locations/workspace-file.ts";
export { type InstancePaths, instancePaths } from "./paths.ts";
export { startChild } from "./process/child.ts";
