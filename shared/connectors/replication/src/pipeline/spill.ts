import { createHash } from "node:crypto";
import { closeSync, createReadStream, openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";

const system = new Set(["_dlt_load_id", "_dlt_id", "_dlt_parent_id", "_dlt_root_id"]);

/** Rows of one table on disk while its columns still grow. Memory does not grow with them. */
export class Spill {
  readonly #file: string;
  readonly #fd: number;
  #buffer: string[] = [];
  #length = 0;
  #closed = false;
  bytes = 0;

  constructor(file: string) {
    this.#file = file;
    this.#fd = openSync(file, "w", 0o600);
  }

  add(values: readonly (string | null)[]): void {
    // readline also ends a line at these two, which JSON leaves as they are.
    const line = `${JSON.stringify(values).replaceAll(/[\u2028\u2029]/g, (char) => (char === "\u2028" ? "\\u2028" : "\\u2029"))}\n`;
    this.#buffer.push(line);
    this.#length += line.length;
    if (this.#length > 1 << 18) this.#flush();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#flush();
    closeSync(this.#fd);
  }

  #flush(): void {
    const chunk = Buffer.from(this.#buffer.join(""));
    writeSync(this.#fd, chunk);
    this.bytes += chunk.length;
    this.#buffer = [];
    this.#length = 0;
  }

  /** Hash of the rows and columns, apart from what differs in every load. */
  async contentHash(columns: readonly { name: string }[]): Promise<string> {
    const hash = createHash("sha256").update(JSON.stringify(columns.map(({ name }) => name)));
    const own = columns.map(({ name }) => system.has(name));
    for await (const row of this.#rows())
      hash.update(JSON.stringify(columns.map((_, index) => (own[index] ? null : (row[index] ?? null)))));
    return hash.digest("hex");
  }

  /** The rows as CSV, NULL as `\N`, every row with all columns; `pad` adds one more. */
  csv(columns: readonly { name: string }[], pad = false): Readable {
    const rows = this.#rows();
    const tail = pad ? ",1\n" : "\n";
    async function* chunks(): AsyncGenerator<string> {
      let chunk = "";
      for await (const row of rows) {
        chunk += columns.map((_, index) => csvField(row[index] ?? null)).join(",") + tail;
        if (chunk.length > 1 << 18) {
          yield chunk;
          chunk = "";
        }
      }
      yield chunk;
    }
    return Readable.from(chunks(), { objectMode: false });
  }

  async *#rows(): AsyncGenerator<(string | null)[]> {
    for await (const line of createInterface({
      input: createReadStream(this.#file, { highWaterMark: 1 << 18 }),
      crlfDelay: Number.POSITIVE_INFINITY,
    }))
      yield JSON.parse(line) as (string | null)[];
  }
}

const csvField = (value: string | null): string =>
  value === null ? "\\N" : value === "" || /[",\n\r\\]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
