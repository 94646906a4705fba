import { AsyncLocalStorage } from "node:async_hooks";
import { StringDecoder } from "node:string_decoder";

type Stream = "stdout" | "stderr";
type Sink = (stream: Stream, line: string) => void;

/** What one step prints: lines go to its sink, the rest of a line waits for its end. */
interface Output {
  sink: Sink;
  streams: Record<Stream, { rest: string; decoder: StringDecoder }>;
}

const current = new AsyncLocalStorage<Output>();
const newStream = () => ({ rest: "", decoder: new StringDecoder("utf8") });

/** Runs work so that every line it prints goes to the sink, to whichever step it belongs. */
export async function withOutput<T>(sink: Sink, work: () => Promise<T>): Promise<T> {
  const output: Output = { sink, streams: { stdout: newStream(), stderr: newStream() } };
  try {
    return await current.run(output, work);
  } finally {
    // The last line may have no end.
    for (const [name, { rest, decoder }] of Object.entries(output.streams)) {
      const last = rest + decoder.end();
      if (last) sink(name as Stream, last);
    }
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
      const own = output.streams[name];
      const lines = (own.rest + (typeof chunk === "string" ? chunk : own.decoder.write(Buffer.from(chunk)))).split("\n");
      own.rest = lines.pop()!;
      for (const line of lines) output.sink(name, line);
      const callback = typeof encoding === "function" ? encoding : done;
      if (callback) queueMicrotask(() => callback());
      return true;
    }) as typeof stream.write;
  }
}
