import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { Readable, type Transform } from "node:stream";
import zlib from "node:zlib";
import { UserError } from "@kc/runtime";
import { type Casing, columnNames } from "../types/column-name.ts";
import type { Column, ColumnType } from "../types/column-type.ts";
import { TypeGuess } from "../types/infer.ts";
import { type CsvDialect, csvRecords, guessDelimiter } from "./csv-records.ts";

export interface CsvOptions {
  header?: boolean | undefined;
  delimiter?: string | undefined;
  quote?: string | undefined;
  escape?: string | undefined;
  /** Name of an encoding, default utf-8. */
  encoding?: string | undefined;
  compression?: "none" | "gzip" | "zstd" | "auto" | undefined;
  skipLines?: number | undefined;
  casing?: Casing | undefined;
  /** Types by column name, `*` for the rest. They win over the guess. */
  types?: ReadonlyMap<string, ColumnType> | undefined;
}

/** What is known of a CSV file before it is loaded. */
export interface CsvFile {
  path: string;
  /** Bytes on disk and time of the last change, to notice a change during the load. */
  size: number;
  mtimeMs: number;
  dialect: CsvDialect;
  header: boolean;
  skipLines: number;
  /** PostgreSQL's name of the encoding. */
  encoding: string;
  compression: "none" | "gzip" | "zstd";
  bom: boolean;
  columns: Column[];
}

const sampleBytes = 4 << 20;
const sampleRows = 20_480;
const encodings: Record<string, [string, string]> = {
  utf8: ["UTF8", "utf-8"],
  latin1: ["LATIN1", "latin1"],
  iso88591: ["LATIN1", "latin1"],
  iso885915: ["LATIN9", "iso-8859-15"],
  latin9: ["LATIN9", "iso-8859-15"],
  windows1252: ["WIN1252", "windows-1252"],
  cp1252: ["WIN1252", "windows-1252"],
  windows1250: ["WIN1250", "windows-1250"],
  windows1251: ["WIN1251", "windows-1251"],
};

/**
 * Looks at a CSV file: its dialect, columns and the types its first rows show.
 * @throws UserError with file:line when it is missing, empty, ragged, undecodable or its header is not usable.
 */
export async function readCsvFile(path: string, options: CsvOptions = {}): Promise<CsvFile> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(
      error.code === "ENOENT" ? `the file ${path} does not exist` : `the file ${path} cannot be read (${error.code})`,
      { hint: "Check the path and CSV_DATA_PATH." },
    );
  });
  if (!found.isFile())
    throw new UserError(`${path} is not a file`, { hint: "A stream names one file; folders need a wildcard: folder/*.csv" });
  const compression = compressionOf(path, options.compression);
  const bytes = await sample(path, compression);
  const whole = bytes.length < sampleBytes;
  if (bytes.length === 0)
    throw new UserError(`the file ${path} is empty`, { where: `${path}:1`, hint: "A CSV file needs at least its header." });
  refuseUtf16(path, bytes);
  const key = (options.encoding ?? "utf-8").toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const encoding = encodings[key];
  if (!encoding)
    throw new UserError(`encoding "${options.encoding}" is not supported`, {
      hint: `Use one of ${Object.keys(encodings).join(", ")}, or convert the file to UTF-8.`,
    });
  const bom = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const skipLines = options.skipLines ?? 0;
  let text = decode(path, bytes.subarray(bom ? 3 : 0), encoding[1], whole);
  for (let skip = 0; skip < skipLines; skip++) text = text.slice(text.indexOf("\n") + 1);
  const quote = options.quote ?? '"';
  const dialect = {
    delimiter: unescapeDelimiter(options.delimiter) ?? guessDelimiter(text.slice(0, 65_536)),
    quote,
    escape: options.escape ?? quote,
  };
  for (const [name, char] of Object.entries(dialect))
    if (char.length !== 1 || char.charCodeAt(0) > 127)
      throw new UserError(`source_options.${name} must be one ASCII character, not "${char}"`);
  const header = options.header ?? true;
  const columns = sampleColumns(path, text, dialect, header, skipLines, whole, options);
  return {
    path,
    size: found.size,
    mtimeMs: found.mtimeMs,
    dialect,
    header,
    skipLines,
    encoding: encoding[0],
    compression,
    bom,
    columns,
  };
}

function sampleColumns(
  path: string,
  text: string,
  dialect: CsvDialect,
  header: boolean,
  skipped: number,
  whole: boolean,
  options: CsvOptions,
): Column[] {
  let names: string[] | undefined;
  let guesses: TypeGuess[] = [];
  let rows = 0;
  for (const record of csvRecords(text, dialect, whole)) {
    const where = `${path}:${record.line + skipped}`;
    if (!names) {
      names = header ? columnNames(record.fields, options.casing, where) : record.fields.map((_, index) => `col_${index + 1}`);
      guesses = names.map(() => new TypeGuess());
      if (header) continue;
    }
    if (record.fields.length !== names.length) {
      const blank = record.fields.length === 1 && record.fields[0] === "";
      throw new UserError(
        blank
          ? "the line is blank"
          : `the row has ${record.fields.length} fields where ${header ? "the header" : "the first row"} has ${names.length}`,
        {
          where,
          hint: "Correct the row; a field that holds the delimiter or a line break must be quoted.",
        },
      );
    }
    for (let index = 0; index < names.length; index++) guesses[index]!.add(record.fields[index]!);
    if (++rows >= sampleRows) break;
  }
  if (!names)
    throw new UserError("no whole row was found in the first 4 MB", {
      where: `${path}:1`,
      hint: "Check the quotes: one that is never closed swallows everything after it.",
    });
  const all = options.types?.get("*");
  return names.map((name, index) => ({ name, type: options.types?.get(name) ?? all ?? guesses[index]!.type }));
}

/** The bytes of the file as the database shall get them: decompressed, without byte order mark and skipped lines. */
export function csvStream(file: CsvFile, onBytes: (chunk: Buffer) => void): Readable {
  const raw = watched(createReadStream(file.path, { highWaterMark: 1 << 18 }), onBytes);
  const decompressor =
    file.compression === "gzip" ? zlib.createGunzip() : file.compression === "zstd" ? zlib.createZstdDecompress() : undefined;
  const inner: Readable = decompressor ? chain(raw, decompressor) : raw;
  return file.bom || file.skipLines > 0 ? withoutStart(inner, file) : inner;
}

/** The same stream, with a look at every chunk that passes. Pushed from the read itself: a second "data" listener would undo back pressure. */
function watched(stream: Readable, onBytes: (chunk: Buffer) => void): Readable {
  const push = stream.push.bind(stream);
  stream.push = (chunk: unknown, ...rest: never[]) => {
    if (chunk !== null) onBytes(chunk as Buffer);
    return push(chunk, ...rest);
  };
  return stream;
}

function chain(from: Readable, to: Transform): Transform {
  from.on("error", (error) => to.destroy(error));
  to.on("close", () => from.destroy());
  return from.pipe(to);
}

function withoutStart(from: Readable, file: CsvFile): Readable {
  let first = true;
  let skip = file.skipLines;
  const cut = async function* (): AsyncGenerator<Buffer> {
    for await (let chunk of from as AsyncIterable<Buffer>) {
      if (first && file.bom) chunk = chunk.subarray(3);
      first = false;
      while (skip > 0 && chunk.length > 0) {
        const end = chunk.indexOf(10);
        if (end >= 0) skip--;
        chunk = end < 0 ? chunk.subarray(chunk.length) : chunk.subarray(end + 1);
      }
      if (chunk.length > 0) yield chunk;
    }
  };
  return Readable.from(cut(), { objectMode: false, highWaterMark: 1 << 18 });
}

function compressionOf(path: string, given: CsvOptions["compression"]): CsvFile["compression"] {
  if (given && given !== "auto") return given;
  if (/\.gz$/i.test(path)) return "gzip";
  return /\.zst$/i.test(path) ? "zstd" : "none";
}

async function sample(path: string, compression: CsvFile["compression"]): Promise<Buffer> {
  if (compression === "none") {
    const handle = await open(path).catch((error: NodeJS.ErrnoException) => {
      throw new UserError(`the file ${path} cannot be read (${error.code})`, { hint: "Check its rights." });
    });
    try {
      const buffer = Buffer.alloc(sampleBytes);
      let length = 0;
      for (let read = 1; read > 0 && length < sampleBytes; length += read)
        read = (await handle.read(buffer, length, sampleBytes - length, length)).bytesRead;
      return buffer.subarray(0, length);
    } finally {
      await handle.close();
    }
  }
  const stream = chain(createReadStream(path), compression === "gzip" ? zlib.createGunzip() : zlib.createZstdDecompress());
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= sampleBytes) break;
    }
  } catch (cause) {
    throw new UserError(`the file ${path} is no valid ${compression} file`, { hint: "Check source_options.compression.", cause });
  }
  return Buffer.concat(chunks).subarray(0, sampleBytes);
}

function decode(path: string, bytes: Buffer, encoding: string, whole: boolean): string {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes, { stream: !whole });
  } catch {
    // Line by line to the one that cannot be read.
    let line = 1;
    for (let at = 0; at < bytes.length; line++) {
      const end = bytes.indexOf(10, at);
      const next = end < 0 ? bytes.length : end + 1;
      try {
        new TextDecoder(encoding, { fatal: true }).decode(bytes.subarray(at, next));
      } catch {
        break;
      }
      at = next;
    }
    throw new UserError(`the line holds bytes that are not ${encoding}`, {
      where: `${path}:${line}`,
      hint: "Set source_options.encoding (latin1, windows-1252, …) or convert the file to UTF-8.",
    });
  }
}

function refuseUtf16(path: string, bytes: Buffer): void {
  const mark = bytes.length > 1 && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff));
  if (mark) throw new UserError(`the file ${path} is written in UTF-16`, { where: `${path}:1`, hint: "Convert it to UTF-8." });
}

const unescapeDelimiter = (text: string | undefined): string | undefined => (text === "\\t" || text === "tab" ? "\t" : text);
