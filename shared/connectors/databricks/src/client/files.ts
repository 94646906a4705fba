import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { isMissing } from "./errors.ts";
import type { Requester } from "./request.ts";

export interface FileEntry {
  path: string;
  name: string;
  isDirectory: boolean;
  /** Bytes; undefined for a directory. */
  size: number | undefined;
}
type Call = { signal?: AbortSignal | undefined };

export interface Files {
  /** Uploads to an absolute path below /Volumes, replacing what is there. The source is a file or bytes, so that a lost answer can be repeated. */
  upload(path: string, source: { file: string } | { bytes: Buffer }, call?: Call): Promise<void>;
  download(path: string, call?: Call): Promise<Readable>;
  /** Removes a file; one that is gone already is no error. */
  delete(path: string, call?: Call): Promise<void>;
  /** Makes a directory and its parents. */
  mkdir(path: string, call?: Call): Promise<void>;
  list(path: string, call?: Call): Promise<FileEntry[]>;
}

const encode = (path: string): string => path.split("/").map(encodeURIComponent).join("/");

/** Files API: the contents of Unity Catalog volumes. */
export function files(http: Requester): Files {
  return {
    async upload(path, source, call = {}) {
      const length = "file" in source ? (await stat(source.file)).size : source.bytes.length;
      const answer = await http.raw("PUT", `/api/2.0/fs/files${encode(path)}`, {
        ...call,
        query: { overwrite: true },
        headers: { "content-type": "application/octet-stream", "content-length": String(length) },
        body: () => ("file" in source ? createReadStream(source.file, { highWaterMark: 1 << 18 }) : source.bytes),
      });
      await answer.body.dump();
    },
    download: async (path, call = {}) => (await http.raw("GET", `/api/2.0/fs/files${encode(path)}`, call)).body,
    async delete(path, call = {}) {
      try {
        await (await http.raw("DELETE", `/api/2.0/fs/files${encode(path)}`, call)).body.dump();
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    },
    async mkdir(path, call = {}) {
      await (await http.raw("PUT", `/api/2.0/fs/directories${encode(path)}`, call)).body.dump();
    },
    async list(path, call = {}) {
      const found: FileEntry[] = [];
      let token: string | undefined;
      do {
        const page = await http.json<{
          contents?: { path: string; name: string; is_directory: boolean; file_size?: number }[];
          next_page_token?: string;
        }>("GET", `/api/2.0/fs/directories${encode(path)}`, { ...call, query: token ? { page_token: token } : {} });
        for (const entry of page.contents ?? [])
          found.push({ path: entry.path, name: entry.name, isDirectory: entry.is_directory, size: entry.file_size });
        token = page.next_page_token || undefined;
      } while (token);
      return found;
    },
  };
}
