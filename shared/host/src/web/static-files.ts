import { existsSync, type Stats, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import type { Context } from "hono";

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".woff2": "font/woff2",
  ".map": "application/json",
};

/** A file of the built UI; every path that is none is a page of it. A client that has it already is told so. */
export async function staticFile(folder: string, { req }: Pick<Context, "req">): Promise<Response> {
  if (!existsSync(folder))
    return new Response("The web UI is not built. Run: ./kc build", { status: 503, headers: { "content-type": "text/plain" } });
  const wanted = normalize(join(folder, decoded(req.path)));
  const inside = wanted.startsWith(`${folder}/`) && existsSync(wanted) && statSync(wanted).isFile();
  const found = inside ? wanted : join(folder, "index.html");
  const headers = {
    "content-type": types[extname(found)] ?? "application/octet-stream",
    // The names of these tell their content.
    "cache-control": inside && req.path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
    etag: etagOf(statSync(found)),
    "content-security-policy":
      "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src 'self' blob:",
  };
  if (isKnown(req.header("if-none-match"), headers.etag)) return new Response(null, { status: 304, headers });
  return new Response(await readFile(found), { headers });
}

/** A path as it is meant; one that is no text stays as it came, and names no file. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Weak: the bytes that are sent may be compressed. */
const etagOf = ({ size, mtimeMs }: Stats): string => `W/"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`;

const isKnown = (header: string | undefined, etag: string): boolean =>
  (header ?? "").split(",").some((one) => one.trim() === "*" || one.trim() === etag);
