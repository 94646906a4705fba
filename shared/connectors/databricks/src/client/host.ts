import { DatabricksError } from "./errors.ts";

/**
 * The origin of a workspace from what people put into DATABRICKS_HOST: with or without https://, with a trailing slash or path.
 * Plain http is kept for loopback only: anywhere else it would send the token unencrypted.
 */
export function workspaceOrigin(host: string): string {
  const text = host.trim();
  if (!text)
    throw new DatabricksError("the Databricks host is empty", {
      errorCode: "INVALID_HOST",
      hint: "Set DATABRICKS_HOST to the workspace URL.",
    });
  let url: URL;
  try {
    url = new URL(/^[a-z]+:\/\//i.test(text) ? text : `https://${text}`);
  } catch {
    throw new DatabricksError(`the Databricks host "${text}" is no URL`, {
      errorCode: "INVALID_HOST",
      hint: "Write adb-123.4.azuredatabricks.net or https://…",
    });
  }
  const loopback = /^(127(\.\d+){3}|localhost|\[::1\])$/.test(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && loopback))
    throw new DatabricksError(`the Databricks host "${url.host}" must be reached over https`, {
      errorCode: "INVALID_HOST",
      hint: "Plain http would send the token unencrypted.",
    });
  return url.origin;
}
