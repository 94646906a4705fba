// in a location

// the pieces
export { type DbtCloudClient, DbtCloudError, dbtCloudClient } from "./client.ts";
export { type DbtCloud, dbtCloud } from "./resource.ts";
export { dbtCloudPollingSensor, type PollingSensorOptions } from "./sensor.ts";
export { type ModelOverride, type Translation, type TranslatorOptions, translate } from "./translator.ts";
export { cloudWorkspace } from "./workspace.ts";
