import { createHash } from "node:crypto";
import { join } from "node:path";

export interface Settings {
  /** Absolute directory of all state. */
  state: string;
  /** The personal access token that every call must carry. */
  token: string;
  port: number;
  catalog: string;
  schema: string;
  warehouseId: string;
  /** Numeric workspace id, below 2^53. */
  workspaceId: number;
  user: string;
}

/** Reads the variables of the stand-in contract; throws with all that is wrong. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const state = env.KC_STANDIN_STATE ?? "";
  const token = env.KC_STANDIN_TOKEN ?? "";
  const wrong: string[] = [];
  if (!state.startsWith("/")) wrong.push("KC_STANDIN_STATE must be an absolute directory");
  if (token === "") wrong.push("KC_STANDIN_TOKEN must be set: it is the token that clients have to present");
  const port = Number(env.KC_STANDIN_PORT || "0");
  if (!Number.isInteger(port) || port < 0 || port > 65535) wrong.push(`KC_STANDIN_PORT is not a port: ${env.KC_STANDIN_PORT}`);
  if (wrong.length > 0) throw new Error(wrong.join("; "));
  const digest = createHash("sha256").update(state).digest();
  return {
    state,
    token,
    port,
    catalog: (env.DATABRICKS_CATALOG || "test").toLowerCase(),
    schema: (env.DATABRICKS_SCHEMA || "main").toLowerCase(),
    warehouseId: digest.toString("hex").slice(0, 16),
    workspaceId: digest.readUIntBE(0, 6),
    user: "developer@localhost",
  };
}

export const paths = (state: string) => ({
  tables: join(state, "tables"),
  volumes: join(state, "volumes"),
  results: join(state, "results"),
  spill: join(state, "spill"),
  catalog: join(state, "catalog.db"),
  workspace: join(state, "workspace.db"),
});
