import { UserError } from "@kc/runtime";
import { snake } from "../types/column-name.ts";
import { type Column, type ColumnType, parseType, postgresType } from "../types/column-type.ts";
import type { ContractMode, LoadResource, Row } from "./resource.ts";

/** A table that rows become: its columns grow while rows come; `write` takes the values of one row in their order, as PostgreSQL's text. */
export interface NormalTable {
  name: string;
  columns: Column[];
  /** What the destination has of it. */
  known: Map<string, ColumnType> | undefined;
  rows: number;
  write(values: (string | null)[]): void;
}

/** A name as dlt writes it: snake_case, `__` only between a parent and its child. */
export const normalName = (name: string): string =>
  snake(name.trim().replaceAll(/[^\p{L}\p{N}_]+/gu, "_"))
    .replaceAll(/_{2,}/g, "_")
    .replaceAll(/(?<=.)_+$/g, "") || "_";

type Value = { text: string; kind: Exclude<ColumnType["kind"], "decimal"> | "decimal" };

const isoInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/;

/** A scalar as text and the type its JavaScript value shows. */
function scalar(value: unknown, where: string): Value | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") {
    if (value.includes("\0")) throw new UserError(`${where} holds a NUL character, which no text column can`);
    return { text: value, kind: isoInstant.test(value) && !Number.isNaN(Date.parse(value)) ? "timestamptz" : "text" };
  }
  if (typeof value === "boolean") return { text: String(value), kind: "boolean" };
  if (typeof value === "bigint") return { text: String(value), kind: BigInt.asIntN(64, value) === value ? "bigint" : "decimal" };
  if (typeof value === "number") {
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) return { text: String(value), kind: "double" };
    return { text: Object.is(value, -0) ? "-0" : String(value), kind: Number.isInteger(value) ? "bigint" : "double" };
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new UserError(`${where} is an invalid date`);
    return { text: value.toISOString(), kind: "timestamptz" };
  }
  if (value instanceof Uint8Array) return { text: `\\x${Buffer.from(value).toString("hex")}`, kind: "binary" };
  throw new UserError(`${where} is a ${typeof value}, which is no value of a table`);
}

/** The text for a column of that type, or undefined when the value is of another kind. */
function coerce(value: Value, type: ColumnType): string | undefined {
  const { text, kind } = value;
  if (kind === type.kind || type.kind === "text") return text;
  switch (type.kind) {
    case "double":
    case "real":
      return kind === "bigint" || kind === "decimal" || (kind === "text" && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text))
        ? text
        : undefined;
    case "decimal":
      return kind === "bigint" || (["double", "text"].includes(kind) && /^-?\d+(\.\d+)?$/.test(text)) ? text : undefined;
    case "bigint":
    case "int":
    case "smallint":
      return ["bigint", "text"].includes(kind) && /^-?(0|[1-9]\d{0,17})$/.test(text) ? text : undefined;
    case "timestamptz":
    case "timestamp":
      return (kind === "text" || kind === "timestamptz") && /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text))
        ? text
        : undefined;
    case "date":
      return (kind === "text" || kind === "timestamptz") && /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))
        ? text
        : undefined;
    case "boolean":
      return kind === "text" && /^(true|false)$/i.test(text) ? text : undefined;
    case "uuid":
      return kind === "text" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text : undefined;
    case "time":
      return kind === "text" && /^\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(text) ? text : undefined;
    default:
      return undefined;
  }
}

/** Fields of a row: nested objects flattened into `a__b`, lists apart. */
function flatten(row: Row, prefix: string, fields: Map<string, unknown>, lists: Map<string, unknown[]>): void {
  for (const [key, value] of Object.entries(row)) {
    const name = prefix + normalName(key);
    if (Array.isArray(value)) lists.set(name, value);
    else if (value !== null && typeof value === "object" && !(value instanceof Date) && !(value instanceof Uint8Array))
      flatten(value as Row, `${name}__`, fields, lists);
    else fields.set(name, value);
  }
}

export interface Normalizer {
  /** Takes one row of the resource. False when the contract left it out. */
  add(row: Row): Promise<boolean>;
}

/** Opens a table on its first row; undefined `known` says that the destination has no such table. */
export type OpenTable = (name: string) => Promise<NormalTable>;

/** Turns rows into tables under the resource's contract. `newId` makes the row ids. */
export function normalizer(
  resource: LoadResource,
  rootName: string,
  open: OpenTable,
  loadId: string,
  newId: () => string,
): Normalizer {
  const hints = new Map(Object.entries(resource.columns ?? {}).map(([name, type]) => [normalName(name), parseType(type)]));
  const { contract } = resource;
  const broken = (what: string): never => {
    throw new UserError(`resource "${resource.name}" breaks its contract: ${what}`, {
      hint: "Change the source or the schemaContract.",
    });
  };
  const allowed = (mode: ContractMode, what: string): "yes" | "row" | "value" =>
    mode === "evolve" ? "yes" : mode === "freeze" ? broken(what) : mode === "discard_row" ? "row" : "value";

  async function put(tableName: string, row: Row, system: [string, string | null, ColumnType["kind"]][]): Promise<boolean> {
    const table = await open(tableName);
    if (!table.known && allowed(contract.tables, `table "${tableName}" is new`) !== "yes") return false;
    const fields = new Map<string, unknown>();
    const lists = new Map<string, unknown[]>();
    flatten(row, "", fields, lists);
    const values: (string | null)[] = [];
    const set = (name: string, text: string | null, type: ColumnType): void => {
      let index = table.columns.findIndex((column) => column.name === name);
      if (index < 0) index = table.columns.push({ name, type }) - 1;
      values[index] = text;
    };
    for (const [name, raw] of fields) {
      const value = scalar(raw, `${tableName}.${name}`);
      const hint = tableName === rootName ? hints.get(name) : undefined;
      const type = table.columns.find((column) => column.name === name)?.type ?? table.known?.get(name) ?? hint;
      if (!value) {
        if (type) set(name, null, type);
        continue;
      }
      if (!type) {
        // A column that the destination has not; on a new table every column is part of the table.
        const verdict = table.known ? allowed(contract.columns, `column "${tableName}.${name}" is new`) : "yes";
        if (verdict === "row") return false;
        if (verdict === "yes") set(name, value.text, { kind: value.kind });
        continue;
      }
      const text = coerce(value, type);
      if (text !== undefined) {
        set(name, text, type);
        continue;
      }
      const verdict = allowed(
        contract.data_type,
        `column "${tableName}.${name}" is ${postgresType(type)}, but a value is ${value.kind}: ${value.text.slice(0, 40)}`,
      );
      if (verdict === "row") return false;
      if (verdict === "yes") set(`${name}__v_${value.kind}`, value.text, { kind: value.kind });
    }
    const id = newId();
    for (const [name, text, kind] of system) set(name, text, { kind } as ColumnType);
    set("_dlt_id", id, { kind: "text" });
    table.write(values);
    table.rows++;
    for (const [name, list] of lists) {
      if (list.length > 0 && resource.writeDisposition === "merge")
        throw new UserError(`resource "${resource.name}" merges, but "${name}" is a list`, {
          hint: "Nested lists need the write disposition append or replace; or leave the field out.",
        });
      for (const [index, item] of list.entries()) {
        const child =
          item !== null && typeof item === "object" && !Array.isArray(item) && !(item instanceof Date)
            ? (item as Row)
            : { value: item };
        await put(`${tableName}__${name}`, child, [
          ["_dlt_parent_id", id, "text"],
          ["_dlt_list_idx", String(index), "bigint"],
          ["_dlt_root_id", system.find(([key]) => key === "_dlt_root_id")?.[1] ?? id, "text"],
        ]);
      }
    }
    return true;
  }

  return { add: (row) => put(rootName, row, [["_dlt_load_id", loadId, "text"]]) };
}
