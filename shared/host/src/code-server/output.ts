import { AsyncLocalStorage } from "node:async_hooks";
import { StringDecoder } from "node:string_decoder";
import type { Redactor } from "../secrets/redactor.ts";

type Stream = "stdout" | "stderr";
/** Gets each line; `continues` when a line is so long that it comes in pieces, and this is not its last. */
type Sink = (stream: Stream, line: string, continues: boolean) => void;

/** Characters after which a line is handed on without waiting for its end. */
const longest = 1 << 20;

/**
 * Cuts what is written into lines. What comes without an end is kept in parts, so that a long line costs its length once; a
 * piece of a long line never ends within a secret, whose halves nobody would know.
 */
function lineCutter(secrets: Redactor, hand: (line: string, continues: boolean) => void) {
  const enough = longest + secrets.longest;
  const decoder = new StringDecoder("utf8");
  let parts: string[] = [];
  let held = 0;
  const add = (text: string) => {
    if (!text) return;
    parts.push(text);
    held += text.length;
    if (held < enough) return;
    const whole = parts.join("");
    let from = 0;
    while (whole.length - from >= enough) {
      const to = secrets.cut(whole, from + longest);
      hand(whole.slice(from, to), true);
      from = to;
    }
    parts = from < whole.length ? [whole.slice(from)] : [];
    held = whole.length - from;
  };
  const endLine = () => {
    const line = parts.length === 1 ? parts[0]! : parts.join("");
    parts = [];
    held = 0;
    hand(line, false);
  };
  return {
    write(chunk: string | Uint8Array) {
      const text =
        typeof chunk === "string" ? chunk : decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      let from = 0;
      for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", from)) {
        add(text.slice(from, at));
        endLine();
        from = at + 1;
      }
      add(from === 0 ? text : text.slice(from));
    },
    /** The last line may have no end. */
    end() {
      add(decoder.end());
      if (held > 0) endLine();
    },
  };
}

/** What one step prints: its lines go to its sink. */
type Output = Record<Stream, ReturnType<typeof lineCutter>>;

const current = new AsyncLocalStorage<Output>();

/** Runs work so that every line it prints goes to the sink, to whichever step it belongs. */
export async function withOutput<T>(secrets: Redactor, sink: Sink, work: () => Promise<T>): Promise<T> {
  const cutter = (stream: Stream) => lineCutter(secrets, (line, continues) => sink(stream, line, continues));
  const output: Output = { stdout: cutter("stdout"), stderr: cutter("stderr") };
  try {
    return await current.run(output, work);
  } finally {
    output.stdout.end();
    output.stderr.end();
  }
}

/** Routes what code prints to the sink of the step that prints it; everything else stays on the real stream. */
export function captureOutput(): void {
  for (const name of ["stdout", "stderr"] as const) {
    const stream = process[name];
    const write = stream.write.bind(stream);
    stream.write = ((
      chunk: string | Uint8Array,
      encoding?: BufferEncoding | ((error?: Error | null) => void),
      done?: (error?: Error | null) => void,
    ) => {
      const output = current.getStore();
      if (!output) return write(chunk as string, encoding as BufferEncoding, done);
      output[name].write(chunk);
      const callback = typeof encoding === "function" ? encoding : done;
      if (callback) queueMicrotask(() => callback());
      return true;
    }) as typeof stream.write;
  }
}
