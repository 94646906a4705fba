import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { quoteIdentifier, quoteLiteral, type Session } from "@kc/connector-postgres";
import { UserError } from "@kc/runtime";
import { type CsvFile, csvStream } from "./csv-file.ts";
import type { PostgresFeed } from "./postgres-target.ts";

/** A CSV file as a feed: its bytes go to the server as they are. `emptyAsNull`: empty text becomes NULL, default the empty text. */
export function csvFeed(
  file: CsvFile,
  options: { emptyAsNull?: boolean | undefined; signal?: AbortSignal | undefined } = {},
): PostgresFeed {
  return {
    columns: file.columns,
    // Another length is another content; only for the same length is it worth reading the file twice.
    isSame: async (previous) =>
      file.size === previous.bytes && previous.fingerprint.startsWith(`${await hashOf(file.path, options.signal)}:`),
    async copy(session, table, columns) {
      const hash = createHash("sha256");
      let bytes = 0;
      const stream = csvStream(file, (chunk) => {
        hash.update(chunk);
        bytes += chunk.length;
      });
      const rows = await copy(session, table, file, columns, options.emptyAsNull ?? false, stream, options.signal);
      const now = await stat(file.path);
      if (now.size !== file.size || now.mtimeMs !== file.mtimeMs || bytes !== file.size)
        throw new UserError(`the file ${file.path} changed while it was loaded: nothing was written`, {
          hint: "Load it again once it is complete; write new files under another name and rename them.",
        });
      return { rows, bytes, contentHash: hash.digest("hex") };
    },
  };
}

async function copy(
  session: Session,
  table: string,
  file: CsvFile,
  columns: { name: string; sqlType?: string }[],
  emptyAsNull: boolean,
  stream: ReturnType<typeof csvStream>,
  signal?: AbortSignal,
): Promise<number> {
  const texts = columns
    .filter(({ sqlType = "" }) => /^(text|character|varchar|citext)/.test(sqlType))
    .map(({ name }) => quoteIdentifier(name));
  const empty =
    texts.length === 0 ? "" : emptyAsNull ? `, force_null (${texts.join(", ")})` : `, force_not_null (${texts.join(", ")})`;
  const { delimiter, quote } = file.dialect;
  const options = `format csv, header ${file.header}, delimiter ${quoteLiteral(delimiter)}, quote ${quoteLiteral(quote)}, escape ${quoteLiteral(file.dialect.escape)}, encoding ${quoteLiteral(file.encoding)}${empty}`;
  try {
    return await session.copyIn(
      `copy ${table} (${columns.map(({ name }) => quoteIdentifier(name)).join(", ")}) from stdin (${options})`,
      stream,
      signal,
    );
  } catch (error) {
    throw copyError(error, file);
  }
}

const hints: [RegExp, string][] = [
  [/^22P04$/, "Correct the row; a field that holds the delimiter or a line break must be quoted."],
  [/^22021$/, "Set source_options.encoding (latin1, windows-1252, …) or convert the file to UTF-8."],
  [
    /^22/,
    "The value does not fit the column's type. Correct it, give the column another type under columns:, or let a full refresh change it with target_options.adjust_column_type: true.",
  ],
];

/** The error of a COPY with the file and line of the row that caused it. */
export function copyError(error: unknown, file: CsvFile): unknown {
  const { code = "", where = "", message = "" } = error as { code?: string; where?: string; message?: string };
  if (code.startsWith("Z_") || (error as { code?: string }).code === "Z_DATA_ERROR")
    return new UserError(`the file ${file.path} is damaged: ${message}`, { hint: "Compress or copy it again.", cause: error });
  const place = /line (\d+)(?:, column ([^:]+?))?(?::|$)/.exec(where);
  const hint = hints.find(([pattern]) => pattern.test(code))?.[1];
  if (!place || !hint) return error;
  const column = place[2] ? `column ${place[2]}: ` : "";
  return new UserError(`${column}${message}`, { where: `${file.path}:${Number(place[1]) + file.skipLines}`, hint, cause: error });
}

async function hashOf(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, signal ? { signal } : {});
  return hash.digest("hex");
}
