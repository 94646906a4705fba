// The workspace as files, without any process: for commands that only read.
export { assetKeysText, readAssetKeys, writeDeclarations } from "./locations/asset-keys.ts";
export { findLocations, type LocationEntry, readLocationPackage, readWorkspaceFile } from "./locations/workspace-file.ts";
