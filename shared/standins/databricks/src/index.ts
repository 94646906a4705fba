export { buildApp, startServer } from "./server.ts";
export { readSettings, type Settings } from "./settings.ts";
export { closeWorkspace, openWorkspace, type Workspace } from "./workspace.ts";
