import { PassThrough, pipeline, Readable, type Transform } from "node:stream";
import { constants, createBrotliCompress, createGzip, createZstdCompress } from "node:zlib";
import type { MiddlewareHandler } from "hono";

// The fast levels: somebody waits for the answer, and a slower one saves little more.
const encodings: Record<string, () => Transform> = {
  zstd: () => createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } }),
  br: () => createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
  gzip: () => createGzip({ level: 3 }),
};
const names = Object.keys(encodings);

const text = /^(?:text\/(?!event-stream)|application\/(?:json|javascript)\b|image\/svg\+xml)/;
/** What is smaller (bytes) goes in one packet anyway. */
const least = 1_024;

/** Compresses answers of text as the client accepts it, while they are sent. Event streams are left alone: each event goes at once. */
export const compress: MiddlewareHandler = async (context, next) => {
  await next();
  const { res, req } = context;
  if (!res.body || !text.test(res.headers.get("content-type") ?? "") || res.headers.has("content-encoding")) return;
  // A cache between must not give it to a client that accepts something else, whatever it was now.
  res.headers.append("vary", "accept-encoding");
  const encoding = acceptedEncoding(req.header("accept-encoding"));
  if (!encoding || req.method === "HEAD") return;
  const { stream, small } = await beginning(res.body);
  const body = pipeline(stream, small ? new PassThrough() : encodings[encoding]!(), () => {});
  context.res = new Response(Readable.toWeb(body) as ReadableStream, res);
  if (small) return;
  context.res.headers.set("content-encoding", encoding);
  context.res.headers.delete("content-length");
};

/** The best encoding of an Accept-Encoding header; undefined when the client wants the answer as it is. */
export function acceptedEncoding(header = ""): string | undefined {
  const weights = new Map(
    header.split(",").map((part) => {
      const [name = "", weight] = part
        .trim()
        .toLowerCase()
        .split(/\s*;\s*q=/);
      return [name, weight === undefined ? 1 : Number(weight)];
    }),
  );
  const weightOf = (name: string): number => weights.get(name) ?? weights.get("*") ?? 0;
  const best = names.filter((name) => weightOf(name) > 0).sort((a, b) => weightOf(b) - weightOf(a))[0];
  return best && weightOf(best) >= (weights.get("identity") ?? 0) ? best : undefined;
}

/** The body anew, and whether all of it is so little that compressing gains nothing. */
async function beginning(body: ReadableStream<Uint8Array>): Promise<{ stream: Readable; small: boolean }> {
  const reader = body.getReader();
  const first: Uint8Array[] = [];
  let [size, ended] = [0, false];
  while (size < least && !ended) {
    const { value, done } = await reader.read();
    if (value) first.push(value);
    size += value?.length ?? 0;
    ended = done;
  }
  async function* all() {
    try {
      yield* first;
      for (let next = ended; !next; ) {
        const { value, done } = await reader.read();
        if (value) yield value;
        next = done;
      }
    } finally {
      // Nobody reads on: whoever makes the answer hears of it.
      await reader.cancel();
    }
  }
  return { stream: Readable.from(all(), { objectMode: false }), small: size < least };
}
