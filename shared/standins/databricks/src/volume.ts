import { join } from "node:path";
import { ApiError } from "./api-error.ts";
import type { Workspace } from "./workspace.ts";

/** The file that a path `/Volumes/<catalog>/<schema>/<volume>/…` names. Refuses what would leave the volume. */
export function resolveVolumePath(workspace: Workspace, path: string): string {
  const plain = path.replace(/^dbfs:/, "");
  const [empty, root, catalog, schema, name, ...rest] = plain.split("/");
  if (empty !== "" || root !== "Volumes" || !catalog || !schema || !name) {
    throw new ApiError(
      400,
      "INVALID_PARAMETER_VALUE",
      `Invalid path: ${path}. Paths have the form /Volumes/<catalog>/<schema>/<volume>/<path>.`,
    );
  }
  const parts = rest.filter((part) => part !== "");
  const hostile = parts.find(
    (part) =>
      part === "." || part === ".." || part.includes("\0") || Buffer.byteLength(part) > 255 || part.startsWith(temporaryPrefix),
  );
  if (hostile !== undefined)
    throw new ApiError(
      400,
      "INVALID_PARAMETER_VALUE",
      `Invalid path: ${path}. ${JSON.stringify(hostile.slice(0, 40))} is not allowed in it.`,
    );
  const volume = workspace.catalog.volume(catalog, schema, name);
  if (volume === undefined) throw new ApiError(404, "NOT_FOUND", `Volume '${catalog}.${schema}.${name}' does not exist.`);
  return join(workspace.paths.volumes, volume.dir, ...parts);
}

/** Name of an upload that is not complete; no path of the API can name one. */
export const temporaryPrefix = ".kc-upload-";
