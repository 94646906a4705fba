import { z } from "zod";
import { ApiError, invalid } from "../api-error.ts";
import {
  canonicalPath,
  childrenOf,
  deleteObject,
  findObject,
  makeDirectories,
  putObject,
  requireObject,
  sniff,
  type WorkspaceObject,
} from "../objects.ts";
import type { App } from "../server.ts";
import type { Workspace } from "../workspace.ts";

const base = "/api/2.0/workspace";
const importBody = z.object({
  path: z.string(),
  content: z.string().default(""),
  format: z.enum(["SOURCE", "AUTO", "HTML", "JUPYTER", "DBC", "R_MARKDOWN", "RAW"]).default("SOURCE"),
  language: z.enum(["SQL", "PYTHON", "SCALA", "R"]).optional(),
  overwrite: z.boolean().default(false),
});
const pathBody = z.object({ path: z.string(), recursive: z.boolean().default(false) });

/** Notebooks and files of the workspace tree. */
export function objectRoutes(app: App, workspace: Workspace): void {
  const info = (object: WorkspaceObject, spelling = object.path) => ({
    object_type: object.type,
    path: spelling,
    object_id: object.id,
    resource_id: String(object.id),
    ...(object.language === null ? {} : { language: object.language }),
    ...(object.type === "FILE" ? { size: object.content?.length ?? 0 } : {}),
    created_at: object.created_at,
    modified_at: object.modified_at,
  });
  const parse = async <T extends z.ZodType>(schema: T, json: Promise<unknown>): Promise<z.infer<T>> => {
    const parsed = schema.safeParse(await json);
    if (!parsed.success) throw invalid(z.prettifyError(parsed.error));
    return parsed.data;
  };
  const query = (path: string | undefined) => {
    if (!path) throw invalid("path is required.");
    return path;
  };

  app.get(`${base}/get-status`, (c) => {
    const path = query(c.req.query("path"));
    return c.json(info(requireObject(workspace, path), path));
  });
  app.get(`${base}/list`, (c) => {
    const found = requireObject(workspace, query(c.req.query("path")));
    const objects = found.type === "DIRECTORY" ? childrenOf(workspace, found.path) : [found];
    return c.json(objects.length === 0 ? {} : { objects: objects.map((object) => info(object)) });
  });
  app.post(`${base}/mkdirs`, async (c) => {
    makeDirectories(workspace, (await parse(pathBody, c.req.json())).path);
    return c.json({});
  });
  app.post(`${base}/delete`, async (c) => {
    const { path, recursive } = await parse(pathBody, c.req.json());
    deleteObject(workspace, path, recursive);
    return c.json({});
  });
  app.post(`${base}/import`, async (c) => {
    const { path, content, format, language, overwrite } = await parse(importBody, c.req.json());
    const bytes = Buffer.from(content, "base64");
    if (format === "AUTO" || format === "RAW") {
      putObject(workspace, {
        ...(format === "AUTO" ? sniff(path, bytes) : { path, type: "FILE" as const, language: null }),
        content: bytes,
        overwrite,
      });
    } else if (format === "SOURCE") {
      if (language === undefined) throw invalid("language is required for the format SOURCE.");
      putObject(workspace, { path, type: "NOTEBOOK", language, content: bytes, overwrite });
    } else throw invalid(`The local workspace does not import the format ${format}. Use SOURCE or AUTO.`);
    return c.json({});
  });
  app.get(`${base}/export`, (c) => {
    const path = query(c.req.query("path"));
    const object = requireObject(workspace, path);
    const format = c.req.query("format") ?? "SOURCE";
    if (object.type === "DIRECTORY") throw invalid(`Path (${path}) is a folder, which the local workspace does not export.`);
    if (format !== "SOURCE" && format !== "AUTO")
      throw invalid(`The local workspace does not export the format ${format}. Use SOURCE.`);
    const content = Buffer.from(object.content ?? []);
    if (c.req.query("direct_download") === "true") return c.body(content, 200, { "content-type": "application/octet-stream" });
    return c.json({
      content: content.toString("base64"),
      file_type: object.language === null ? "file" : object.language.toLowerCase(),
    });
  });

  /** The path may come with its slashes escaped, as one segment. */
  const rest = (url: string, prefix: string) => {
    try {
      return `/${decodeURIComponent(new URL(url).pathname.slice(prefix.length)).replace(/^\/+/, "")}`;
    } catch {
      throw invalid("The path is not percent-encoded properly.");
    }
  };
  app.post("/api/2.0/workspace-files/import-file/*", async (c) => {
    const path = rest(c.req.url, "/api/2.0/workspace-files/import-file/");
    const content = Buffer.from(await c.req.arrayBuffer());
    putObject(workspace, { ...sniff(path, content), content, overwrite: c.req.query("overwrite") === "true" });
    return c.json({});
  });
  app.get("/api/2.0/workspace-files/*", (c) => {
    const path = rest(c.req.url, "/api/2.0/workspace-files/");
    const object = findObject(workspace, canonicalPath(path));
    if (object === undefined || object.type === "DIRECTORY")
      throw new ApiError(404, "RESOURCE_DOES_NOT_EXIST", `Path (${path}) doesn't exist.`);
    return c.body(Buffer.from(object.content ?? []), 200, { "content-type": "application/octet-stream" });
  });
}
