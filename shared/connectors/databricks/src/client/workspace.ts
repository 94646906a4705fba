import type { Requester } from "./request.ts";

export interface ObjectStatus {
  path: string;
  object_type: string;
  object_id: number;
  language?: string;
}
type Call = { signal?: AbortSignal | undefined };

export interface Workspace {
  /** Puts a notebook or file at a path, replacing what is there. Parents must exist: see `mkdirs`. */
  import(
    path: string,
    content: Buffer | string,
    options?: { language?: "PYTHON" | "SQL" | "SCALA" | "R"; format?: "SOURCE" | "AUTO" | "JUPYTER" } & Call,
  ): Promise<void>;
  mkdirs(path: string, call?: Call): Promise<void>;
  getStatus(path: string, call?: Call): Promise<ObjectStatus>;
}

/** Workspace API: folders, notebooks and files. */
export function workspace(http: Requester): Workspace {
  return {
    async import(path, content, { language, format = language ? "SOURCE" : "AUTO", signal } = {}) {
      await http.json("POST", "/api/2.0/workspace/import", {
        idempotent: true,
        signal,
        json: {
          path,
          content: Buffer.from(content).toString("base64"),
          format,
          overwrite: true,
          ...(language ? { language } : {}),
        },
      });
    },
    async mkdirs(path, call = {}) {
      await http.json("POST", "/api/2.0/workspace/mkdirs", { ...call, idempotent: true, json: { path } });
    },
    getStatus: (path, call = {}) => http.json("GET", "/api/2.0/workspace/get-status", { ...call, query: { path } }),
  };
}
