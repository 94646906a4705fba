import type { Metadata } from "@kc/host/client";
import { Link } from "@tanstack/react-router";

/** Metadata as a two-column list; every type is shown as what it is. */
export function MetadataList({ metadata }: { metadata: Metadata }) {
  const entries = Object.entries(metadata);
  if (entries.length === 0) return null;
  return (
    <dl className="metadata">
      {entries.map(([name, { type, value }]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <Value type={type} value={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** What floats gather behind the sixth decimal says nothing. */
const number = (value: number): string => value.toLocaleString("en-US", { maximumFractionDigits: 6 });

function Value({ type, value }: { type: string; value: unknown }) {
  if (type === "number" || type === "row_count") return <>{number(value as number)}</>;
  if (type === "url" && /^https?:\/\//.test(String(value)))
    return (
      <a href={String(value)} target="_blank" rel="noreferrer">
        {String(value)}
      </a>
    );
  if (type === "column_schema") return <ColumnSchema columns={value as Column[]} />;
  if (type === "column_lineage") return <ColumnLineage lineage={value as Record<string, { asset: string; column: string }[]>} />;
  if (type === "markdown") return <pre className="text">{String(value)}</pre>;
  if (type === "path" || type === "code") return <code>{String(value)}</code>;
  if (type === "json") return <pre>{JSON.stringify(value, null, 2)}</pre>;
  if (type === "table") {
    const { columns, rows } = value as { columns: string[]; rows: unknown[][] };
    return (
      <table className="small">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column}>{column}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, 50).map((row) => (
            <tr key={JSON.stringify(row)}>
              {row.map((cell, index) => (
                <td key={columns[index]}>{typeof cell === "number" ? number(cell) : String(cell ?? "")}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    );
  }
  return <>{String(value)}</>;
}

interface Column {
  name: string;
  type?: string;
  description?: string;
}

function ColumnSchema({ columns }: { columns: Column[] }) {
  return (
    <table className="small">
      <tbody>
        {columns.map((column) => (
          <tr key={column.name}>
            <td>{column.name}</td>
            <td>
              <code>{column.type ?? ""}</code>
            </td>
            <td className="dim">{column.description ?? ""}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** From which columns each column comes, with links to their assets. */
function ColumnLineage({ lineage }: { lineage: Record<string, { asset: string; column: string }[]> }) {
  return (
    <ul>
      {Object.entries(lineage).map(([column, from]) => (
        <li key={column}>
          {column} <span className="dim">from</span>{" "}
          {from.map((one, at) => (
            <span key={`${one.asset} ${one.column}`}>
              {at > 0 && ", "}
              <Link to="/assets/$" params={{ _splat: one.asset }} className="key">
                {one.asset}
              </Link>
              .{one.column}
            </span>
          ))}
        </li>
      ))}
    </ul>
  );
}
