import { DialectError, type Parameter, parseStatement, type Statement } from "@kc/sql-dialect";
import { inTurn } from "../workspace.ts";
import { alter, comment, create, createTable, createView, drop } from "./ddl.ts";
import { describe, show } from "./describe.ts";
import { nothing, type ResultSet, resultOf } from "./result.ts";
import { fullName, printName, requireSchema, type Session } from "./session.ts";
import { prepareQuery } from "./source.ts";
import { copyInto, deleteFrom, insert, mergeInto, truncate, update } from "./write.ts";

type Writer<K> = (session: Session, statement: Extract<Statement, { kind: K }>) => Promise<ResultSet>;
type Writers = { [K in Statement["kind"]]?: Writer<K> };

/** Statements that change one table or view: those on the same name wait for each other. */
const writers: Writers = { createTable, createView, insert, merge: mergeInto, delete: deleteFrom, update, truncate, copyInto };

/** Runs one statement of Databricks SQL. USE changes the session. */
export async function execute(session: Session, text: string, parameters: Parameter[] = []): Promise<ResultSet> {
  const statement = parseStatement(text, parameters);
  const write = writers[statement.kind] as Writer<Statement["kind"]> | undefined;
  if (write !== undefined && "name" in statement) {
    const key = printName(fullName(session, statement.name));
    return inTurn(session.workspace, key, () => write(session, statement as never));
  }
  switch (statement.kind) {
    case "query":
      return resultOf(session.connection, (await prepareQuery(session, statement.query)).sql);
    case "describeQuery":
    case "describe":
      return describe(session, statement);
    case "show":
      return show(session, statement);
    case "create":
      return create(session, statement);
    case "drop":
      return inTurn(session.workspace, printName(fullName(session, statement.name)), () => drop(session, statement));
    case "alter":
      return inTurn(session.workspace, printName(fullName(session, statement.name)), () => alter(session, statement));
    case "comment":
      return comment(session, statement);
    case "use":
      return use(session, statement);
    default:
      throw new DialectError(
        "UNSUPPORTED_FEATURE",
        "0A000",
        `The local Databricks SQL does not run ${statement.kind}. SQLSTATE: 0A000`,
      );
  }
}

function use(session: Session, statement: Extract<Statement, { kind: "use" }>): ResultSet {
  const names = statement.name.map((name) => name.toLowerCase());
  if (statement.what === "catalog") {
    const [catalog = ""] = names;
    session.workspace.catalog.requireCatalog(catalog);
    session.catalog = catalog;
    session.schema = "default";
    return nothing;
  }
  const [schema = "", catalog = session.catalog] = names.toReversed();
  requireSchema(session, catalog, schema);
  session.catalog = catalog;
  session.schema = schema;
  return nothing;
}
