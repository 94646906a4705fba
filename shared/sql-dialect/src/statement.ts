import type { Token } from "./token.ts";

export interface ColumnDefinition {
  name: string;
  /** DuckDB's name of the type. */
  type: string;
  nullable: boolean;
  comment: string | undefined;
}

export type MergeAction =
  | { kind: "delete" }
  | { kind: "updateAll" }
  | { kind: "update"; set: { column: string; value: Token[] }[] };
export interface MergeWhen {
  when: Token[] | undefined;
}
export interface MergeStatement {
  kind: "merge";
  name: string[];
  targetAlias: string;
  /** A table name or a parenthesised query, as it stands in FROM. */
  source: Token[];
  sourceAlias: string;
  on: Token[];
  matched: (MergeWhen & { action: MergeAction })[];
  notMatched: (MergeWhen & { insert: "all" | { columns: string[]; values: Token[][] } })[];
  notMatchedBySource: (MergeWhen & { action: MergeAction })[];
}

export type Alteration =
  | { kind: "addColumns"; columns: ColumnDefinition[] }
  | { kind: "rename"; to: string[] }
  | { kind: "setProperties"; properties: Record<string, string> }
  | { kind: "unsetProperties"; names: string[] }
  | { kind: "columnComment"; column: string; comment: string | null };

export type ObjectKind = "catalog" | "schema" | "volume" | "table" | "view" | "column";

/** A statement of Databricks SQL, taken apart as far as the one who runs it needs. Queries and expressions stay tokens until they are translated. */
export type Statement =
  | { kind: "query"; query: Token[] }
  | {
      kind: "createTable";
      name: string[];
      replace: boolean;
      ifNotExists: boolean;
      columns: ColumnDefinition[] | undefined;
      query: Token[] | undefined;
      partitionBy: string[];
      comment: string | undefined;
      properties: Record<string, string>;
    }
  | {
      kind: "createView";
      name: string[];
      replace: boolean;
      ifNotExists: boolean;
      columns: { name: string; comment: string | undefined }[] | undefined;
      comment: string | undefined;
      properties: Record<string, string>;
      query: Token[];
      /** The query as written, parameters bound. */
      text: string;
    }
  | { kind: "create"; what: "catalog" | "schema" | "volume"; name: string[]; ifNotExists: boolean; comment: string | undefined }
  | {
      kind: "drop";
      what: "catalog" | "schema" | "volume" | "table" | "view";
      name: string[];
      ifExists: boolean;
      cascade: boolean;
    }
  | { kind: "insert"; name: string[]; columns: string[] | undefined; byName: boolean; overwrite: boolean; query: Token[] }
  | MergeStatement
  | { kind: "delete"; name: string[]; alias: string | undefined; where: Token[] | undefined }
  | {
      kind: "update";
      name: string[];
      alias: string | undefined;
      set: { column: string; value: Token[] }[];
      where: Token[] | undefined;
    }
  | { kind: "truncate"; name: string[] }
  | { kind: "alter"; what: "table" | "view"; name: string[]; alteration: Alteration }
  | {
      kind: "copyInto";
      name: string[];
      from: string;
      format: string;
      files: string[] | undefined;
      pattern: string | undefined;
      formatOptions: Record<string, string>;
      copyOptions: Record<string, string>;
    }
  | { kind: "use"; what: "catalog" | "schema"; name: string[] }
  | {
      kind: "show";
      what: "catalogs" | "schemas" | "tables" | "views" | "volumes" | "columns" | "tblproperties";
      in: string[] | undefined;
      like: string | undefined;
    }
  | { kind: "describe"; what: "table" | "schema" | "catalog" | "history" | "detail"; name: string[]; extended: boolean }
  | { kind: "describeQuery"; query: Token[] }
  | { kind: "comment"; what: ObjectKind; name: string[]; comment: string | null };
