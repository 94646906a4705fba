import { memo } from "react";

export interface Column<T> {
  name: string;
  /** Its least width (px), and its share of the width that is left when all columns have theirs. */
  width: number;
  grow?: number;
  /** It is shown in tables that are at least so wide (px): others have no room for it. */
  from?: number;
  cell(row: T): React.ReactNode;
  /** What rows are ordered by when its head is clicked; without it they are not. */
  sort?(row: T): string | number;
}

export const rowHeight = 38;

interface Props<T> {
  row: T;
  name: string;
  index: number;
  start: number;
  grid: string;
  columns: readonly Column<T>[];
  chosen: boolean;
  able: boolean;
  toggle(index: number, extend: boolean): void;
}

function Row<T>({ row, name, index, start, grid, columns, chosen, able, toggle }: Props<T>) {
  return (
    <tr
      className={chosen ? "vrow chosen" : "vrow"}
      aria-rowindex={index + 2}
      style={{ gridTemplateColumns: grid, height: rowHeight, transform: `translateY(${start}px)` }}
    >
      <td>
        <input
          type="checkbox"
          aria-label={`Choose ${name}`}
          checked={chosen}
          disabled={!able}
          onChange={() => {}}
          onClick={(event) => toggle(index, event.shiftKey)}
        />
      </td>
      {columns.map((column) => (
        <td key={column.name}>{column.cell(row)}</td>
      ))}
    </tr>
  );
}

/** A row of a table whose rows come and go while it scrolls: rendered again only when it changed. */
export const TableRow = memo(Row) as typeof Row;
