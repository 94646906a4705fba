import type { Metadata } from "@kc/host/client";

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

function Value({ type, value }: { type: string; value: unknown }) {
  if (type === "number") return <>{(value as number).toLocaleString("en-US")}</>;
  if (type === "url" && /^https?:\/\//.test(String(value)))
    return (
      <a href={String(value)} target="_blank" rel="noreferrer">
        {String(value)}
      </a>
    );
  if (type === "path") return <code>{String(value)}</code>;
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
                <td key={columns[index]}>{String(cell ?? "")}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    );
  }
  return <>{String(value)}</>;
}
