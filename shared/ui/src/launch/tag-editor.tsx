export type TagRows = { id: number; name: string; value: string }[];

/** The tags of rows that have a name. */
export const tagsOf = (rows: TagRows): Record<string, string> =>
  Object.fromEntries(rows.filter((row) => row.name.trim() !== "").map((row) => [row.name.trim(), row.value]));

/** Tags as rows of a name and a value. */
export function TagEditor({ rows, onChange }: { rows: TagRows; onChange(rows: TagRows): void }) {
  const change = (id: number, part: Partial<TagRows[number]>) =>
    onChange(rows.map((row) => (row.id === id ? { ...row, ...part } : row)));
  return (
    <div className="tag-rows">
      {rows.map((row) => (
        <div key={row.id} className="row">
          <input
            type="text"
            aria-label="Name of a tag"
            placeholder="name"
            value={row.name}
            onChange={({ target }) => change(row.id, { name: target.value })}
          />
          <input
            type="text"
            aria-label="Value of a tag"
            placeholder="value"
            value={row.value}
            onChange={({ target }) => change(row.id, { value: target.value })}
          />
          <button
            type="button"
            className="quiet"
            aria-label="Take the tag out"
            onClick={() => onChange(rows.filter((one) => one.id !== row.id))}
          >
            ✕
          </button>
        </div>
      ))}
      <button
        type="button"
        className="quiet"
        onClick={() => onChange([...rows, { id: (rows.at(-1)?.id ?? 0) + 1, name: "", value: "" }])}
      >
        + tag
      </button>
    </div>
  );
}
