import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, readdir, rename, rmdir, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Context } from "hono";
import { ApiError, invalid } from "../api-error.ts";
import type { App } from "../server.ts";
import { resolveVolumePath, temporaryPrefix } from "../volume.ts";
import type { Workspace } from "../workspace.ts";

const notThere = (path: string) => new ApiError(404, "NOT_FOUND", `${path} does not exist.`);

/** The Files API on volumes. An upload is written aside and renamed when it is complete: a reader sees all of it or the file before. */
export function filesRoutes(app: App, workspace: Workspace): void {
  const files = "/api/2.0/fs/files/*";
  const directories = "/api/2.0/fs/directories/*";
  const pathOf = (c: Context, prefix: string) => {
    try {
      return decodeURIComponent(new URL(c.req.url).pathname.slice(prefix.length - 2)).replace(/\/+$/, "");
    } catch {
      throw invalid("The path is not percent-encoded properly.");
    }
  };
  const look = async (c: Context, prefix: string) => {
    const path = pathOf(c, prefix);
    const absolute = resolveVolumePath(workspace, path);
    return { path, absolute, info: await stat(absolute).catch(() => undefined) };
  };

  app.put(files, async (c) => {
    const { path, absolute, info } = await look(c, files);
    if (info?.isDirectory()) throw new ApiError(409, "ALREADY_EXISTS", `${path} is a directory.`);
    if (info && c.req.query("overwrite") !== "true")
      throw new ApiError(409, "ALREADY_EXISTS", `${path} exists already. Pass overwrite=true to replace it.`);
    await makeDirectory(dirname(absolute), dirname(path));
    const temporary = join(dirname(absolute), `${temporaryPrefix}${randomUUID()}`);
    try {
      await pipeline(c.env.incoming, createWriteStream(temporary, { flags: "wx" }));
      const handle = await open(temporary, "r");
      await handle.sync().finally(() => handle.close());
      await rename(temporary, absolute);
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      throw error;
    }
    return c.body(null, 204);
  });

  app.get(files, async (c) => {
    const { path, absolute, info } = await look(c, files);
    if (!info?.isFile()) throw notThere(path);
    const headers = {
      "content-type": "application/octet-stream",
      "accept-ranges": "bytes",
      "last-modified": info.mtime.toUTCString(),
    };
    const range = byteRange(c.req.header("range"), info.size);
    if (range === "unsatisfiable") return c.body(null, 416, { "content-range": `bytes */${info.size}` });
    const [start, end] = range ?? [0, info.size - 1];
    const length = { "content-length": String(Math.max(end - start + 1, 0)) };
    if (c.req.method === "HEAD" || info.size === 0) return c.body(null, 200, { ...headers, ...length });
    const body = Readable.toWeb(createReadStream(absolute, { start, end })) as ReadableStream;
    if (range === undefined) return c.body(body, 200, { ...headers, ...length });
    return c.body(body, 206, { ...headers, ...length, "content-range": `bytes ${start}-${end}/${info.size}` });
  });

  app.delete(files, async (c) => {
    const { path, absolute, info } = await look(c, files);
    if (!info?.isFile()) throw notThere(path);
    await unlink(absolute);
    return c.body(null, 204);
  });

  app.put(directories, async (c) => {
    const { path, absolute } = await look(c, directories);
    await makeDirectory(absolute, path);
    return c.body(null, 204);
  });

  app.get(directories, async (c) => {
    const { path, absolute, info } = await look(c, directories);
    if (!info?.isDirectory()) throw notThere(path);
    if (c.req.method === "HEAD") return c.body(null, 200);
    const size = Math.min(Number(c.req.query("page_size")) || 1000, 1000);
    const after = Buffer.from(c.req.query("page_token") ?? "", "base64url").toString();
    const names = (await readdir(absolute)).filter((name) => !name.startsWith(temporaryPrefix) && name > after).sort();
    const contents = [];
    for (const name of names.slice(0, size)) {
      const entry = await stat(join(absolute, name)).catch(() => undefined);
      if (entry === undefined) continue;
      const facts = entry.isDirectory() ? { is_directory: true } : { is_directory: false, file_size: entry.size };
      contents.push({ path: `${path}/${name}`, name, ...facts, last_modified: Math.round(entry.mtimeMs) });
    }
    const last = names.length > size ? names[size - 1] : undefined;
    return c.json({ contents, ...(last === undefined ? {} : { next_page_token: Buffer.from(last).toString("base64url") }) });
  });

  app.delete(directories, async (c) => {
    const { path, absolute, info } = await look(c, directories);
    if (!info?.isDirectory()) throw notThere(path);
    if (path.split("/").length <= 5) throw invalid(`${path} is a volume: drop it as one.`);
    await rmdir(absolute).catch((error: NodeJS.ErrnoException) => {
      throw error.code === "ENOTEMPTY" ? new ApiError(400, "FILES_API_DIRECTORY_IS_NOT_EMPTY", `${path} is not empty.`) : error;
    });
    return c.body(null, 204);
  });
}

async function makeDirectory(absolute: string, path: string): Promise<void> {
  await mkdir(absolute, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "EEXIST" || error.code === "ENOTDIR"
      ? new ApiError(409, "ALREADY_EXISTS", `A file stands in the way of the directory ${path}.`)
      : error;
  });
}

/** The first and last byte of a `Range: bytes=…` header with one range; undefined where there is none to honour. */
function byteRange(header: string | undefined, size: number): [number, number] | "unsatisfiable" | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const [, first = "", last = ""] = match;
  const start = first === "" ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return start > end || start >= size ? "unsatisfiable" : [start, end];
}
