import { isAbsolute } from "node:path";
import { UserError } from "@kc/runtime";
import { type CsvOptions, csvStream, readCsvFile } from "../load/csv-file.ts";
import { csvRecords } from "../load/csv-records.ts";
import { type ColumnType, postgresType } from "../types/column-type.ts";
import { type LoadResource, type LoadResourceOptions, loadResource, type Row } from "./resource.ts";

/**
 * The rows of a CSV file as a resource. Types are found in the file's first rows; a later value that does not fit follows the contract.
 * The file is looked at now, so that a missing or ragged one is an error before anything is loaded.
 */
export async function csvResource(
  path: string,
  options: Omit<LoadResourceOptions, "rows"> & { csv?: CsvOptions },
): Promise<LoadResource> {
  if (!isAbsolute(path))
    throw new UserError(`the path "${path}" of resource "${options.name}" is ${path ? "relative" : "empty"}`, {
      hint: "Make it absolute; CSV_DATA_PATH must be an absolute path.",
    });
  const { csv, ...rest } = options;
  const file = await readCsvFile(path, csv);
  const types = Object.fromEntries(file.columns.map(({ name, type }) => [name, hint(type)]));
  return loadResource({
    ...rest,
    columns: { ...types, ...options.columns },
    async *rows() {
      const decoder = new TextDecoder(file.encoding === "UTF8" ? "utf-8" : (csv?.encoding ?? "utf-8"), {
        fatal: true,
        ignoreBOM: true,
      });
      let rest = "";
      let line = file.skipLines + 1;
      let first = file.header;
      const rowsOf = function* (text: string, complete: boolean): Generator<Row> {
        let last = 0;
        for (const record of csvRecords(text, file.dialect, complete)) {
          last = record.end;
          const where = `${path}:${line + record.line - 1}`;
          if (first) {
            first = false;
            continue;
          }
          if (record.fields.length !== file.columns.length)
            throw new UserError(`the row has ${record.fields.length} fields where the header has ${file.columns.length}`, {
              where,
              hint: "Correct the row; a field that holds the delimiter or a line break must be quoted.",
            });
          yield Object.fromEntries(
            file.columns.map(({ name, type }, index) => [
              name,
              record.fields[index] === "" && type.kind !== "text" ? null : record.fields[index],
            ]),
          );
        }
        line += text.slice(0, last).split("\n").length - 1;
        rest = text.slice(last);
      };
      for await (const chunk of csvStream(file, () => {}) as AsyncIterable<Buffer>)
        yield* rowsOf(rest + decode(decoder, chunk, path, line), false);
      yield* rowsOf(rest + decode(decoder, undefined, path, line), true);
    },
  });
}

function decode(decoder: TextDecoder, chunk: Buffer | undefined, path: string, line: number): string {
  try {
    return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
  } catch {
    throw new UserError(`the file holds bytes that are not ${decoder.encoding}`, {
      where: `${path}:${line}`,
      hint: "It is somewhere after this line. Set csv.encoding, or convert the file to UTF-8.",
    });
  }
}

const names: Record<string, string> = { boolean: "bool", timestamptz: "timestampz", text: "string" };
const hint = (type: ColumnType): string =>
  names[type.kind] ?? (type.kind === "decimal" ? "decimal" : postgresType(type) === "double precision" ? "double" : type.kind);
