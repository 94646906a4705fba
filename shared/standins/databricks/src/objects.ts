import { ApiError, notFound } from "./api-error.ts";
import type { Workspace } from "./workspace.ts";

export interface WorkspaceObject {
  id: number;
  path: string;
  type: "DIRECTORY" | "NOTEBOOK" | "FILE";
  language: string | null;
  content: Uint8Array | null;
  created_at: number;
  modified_at: number;
}

const missing = (path: string) => notFound(`Path (${path}) doesn't exist.`);

/** `/Workspace/x` and `/x` are one object; this is the form that is stored. */
export function canonicalPath(path: string): string {
  if (!path.startsWith("/")) throw new ApiError(400, "INVALID_PARAMETER_VALUE", `Path (${path}) must be absolute.`);
  const parts = path.split("/").filter((part) => part !== "");
  if (parts[0] === "Workspace") parts.shift();
  if (parts.some((part) => part === "." || part === ".." || part.includes("\0")))
    throw new ApiError(400, "INVALID_PARAMETER_VALUE", `Path (${path}) is not valid.`);
  return `/${parts.join("/")}`;
}

export function findObject({ db }: Workspace, path: string): WorkspaceObject | undefined {
  const key = canonicalPath(path);
  if (key === "/") return { id: 0, path: "/", type: "DIRECTORY", language: null, content: null, created_at: 0, modified_at: 0 };
  return db.prepare("SELECT * FROM objects WHERE path = ?").get(key) as WorkspaceObject | undefined;
}

export function requireObject(workspace: Workspace, path: string): WorkspaceObject {
  const found = findObject(workspace, path);
  if (found === undefined) throw missing(path);
  return found;
}

const parentOf = (path: string) => path.slice(0, path.lastIndexOf("/")) || "/";

export function makeDirectories(workspace: Workspace, path: string): void {
  const key = canonicalPath(path);
  if (key === "/") return;
  const found = findObject(workspace, key);
  if (found?.type === "DIRECTORY") return;
  if (found) throw new ApiError(400, "RESOURCE_ALREADY_EXISTS", `Path (${path}) is a ${found.type.toLowerCase()}.`);
  makeDirectories(workspace, parentOf(key));
  const now = Date.now();
  workspace.db
    .prepare("INSERT INTO objects (path, type, created_at, modified_at) VALUES (?, 'DIRECTORY', ?, ?)")
    .run(key, now, now);
}

export interface NewObject {
  path: string;
  content: Uint8Array;
  type: "NOTEBOOK" | "FILE";
  language: string | null;
  overwrite: boolean;
}

export function putObject(workspace: Workspace, object: NewObject): void {
  const key = canonicalPath(object.path);
  if (findObject(workspace, parentOf(key))?.type !== "DIRECTORY")
    throw notFound(`The parent folder (${parentOf(key)}) does not exist.`);
  const before = findObject(workspace, key);
  if (before && (!object.overwrite || before.type === "DIRECTORY"))
    throw new ApiError(before.type === "FILE" ? 409 : 400, "RESOURCE_ALREADY_EXISTS", `Path (${object.path}) already exists.`);
  const now = Date.now();
  workspace.db
    .prepare(
      `INSERT INTO objects (path, type, language, content, created_at, modified_at) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (path) DO UPDATE SET type = excluded.type, language = excluded.language, content = excluded.content, modified_at = excluded.modified_at`,
    )
    .run(key, object.type, object.language, object.content, before?.created_at ?? now, now);
}

export function childrenOf({ db }: Workspace, path: string): WorkspaceObject[] {
  const key = canonicalPath(path);
  const prefix = key === "/" ? "/" : `${key}/`;
  const all = db
    .prepare("SELECT * FROM objects WHERE substr(path, 1, ?) = ? ORDER BY path")
    .all(prefix.length, prefix) as unknown as WorkspaceObject[];
  return all.filter((object) => !object.path.slice(prefix.length).includes("/"));
}

export function deleteObject(workspace: Workspace, path: string, recursive: boolean): void {
  const found = requireObject(workspace, path);
  if (found.path === "/") throw new ApiError(400, "INVALID_PARAMETER_VALUE", "The root folder cannot be deleted.");
  if (found.type === "DIRECTORY" && !recursive && childrenOf(workspace, found.path).length > 0) {
    throw new ApiError(400, "DIRECTORY_NOT_EMPTY", `Folder (${path}) is not empty.`);
  }
  const prefix = `${found.path}/`;
  workspace.db.prepare("DELETE FROM objects WHERE path = ? OR substr(path, 1, ?) = ?").run(found.path, prefix.length, prefix);
}

const headers: Record<string, [string, string]> = {
  ".py": ["# Databricks notebook source", "PYTHON"],
  ".sql": ["-- Databricks notebook source", "SQL"],
  ".scala": ["// Databricks notebook source", "SCALA"],
  ".r": ["# Databricks notebook source", "R"],
};

/** What an uploaded file is: one that begins with a notebook's header line is a notebook, and loses its extension. */
export function sniff(path: string, content: Uint8Array): Pick<NewObject, "path" | "type" | "language"> {
  const extension = /\.[A-Za-z]+$/.exec(path)?.[0] ?? "";
  const [header, language] = headers[extension.toLowerCase()] ?? [];
  const first = Buffer.from(content.subarray(0, 200)).toString().split(/\r?\n/)[0];
  if (header !== undefined && language !== undefined && first === header)
    return { path: path.slice(0, -extension.length), type: "NOTEBOOK", language };
  return { path, type: "FILE", language: null };
}
