import { AsyncLocalStorage } from "node:async_hooks";

type Sink = (stream: "stdout" | "stderr", line: string) => void;

const current = new AsyncLocalStorage<Sink>();

/** Runs work so that every line it prints goes to the sink, to whichever step it belongs. */
export function withOutput<T>(sink: Sink, work: () => Promise<T>): Promise<T> {
  return current.run(sink, work);
}

/** Routes what code prints to the sink of the step that prints it; everything else stays on the real stream. */
export function captureOutput(): void {
  for (const name of ["stdout", "stderr"] as const) {
    const stream = process[name];
    const write = stream.write.bind(stream);
    const partial = new WeakMap<Sink, string>();
    stream.write = ((
      chunk: string | Uint8Array,
      encoding?: BufferEncoding | ((error?: Error | null) => void),
      done?: (error?: Error | null) => void,
    ) => {
      const sink = current.getStore();
      if (!sink) return write(chunk as string, encoding as BufferEncoding, done);
      const text = (partial.get(sink) ?? "") + (typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8"));
      const lines = text.split("\n");
      partial.set(sink, lines.pop()!);
      for (const line of lines) sink(name, line);
      const callback = typeof encoding === "function" ? encoding : done;
      if (callback) queueMicrotask(() => callback());
      return true;
    }) as typeof stream.write;
  }
}
