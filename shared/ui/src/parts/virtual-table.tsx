import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";

export interface Column<T> {
  name: string;
  /** A track of CSS grid. */
  width: string;
  cell(row: T): React.ReactNode;
  /** What rows are ordered by when its head is clicked; without it they are not. */
  sort?(row: T): string | number;
}

const rowHeight = 38;

/** A table of which only the rows in sight are in the page, so that ten thousand scroll as ten do. */
export function VirtualTable<T>({
  label,
  columns,
  rows,
  keyOf,
  chosen,
  onChoose,
  canChoose = () => true,
  empty,
}: {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf(row: T): string;
  chosen: ReadonlySet<string>;
  onChoose(chosen: ReadonlySet<string>): void;
  canChoose?(row: T): boolean;
  empty: React.ReactNode;
}) {
  const [order, setOrder] = useState<{ column: string; down: boolean }>();
  const box = useRef<HTMLDivElement>(null);
  const last = useRef<number>(undefined);
  const sorted = useMemo(() => sortRows(rows, columns, order), [rows, columns, order]);
  const virtual = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    getItemKey: (index) => keyOf(sorted[index]!),
  });
  const grid = { gridTemplateColumns: `34px ${columns.map((column) => column.width).join(" ")}` };
  const able = sorted.filter(canChoose);
  const all = able.length > 0 && able.every((row) => chosen.has(keyOf(row)));
  const toggle = (index: number, extend: boolean) => {
    const next = new Set(chosen);
    const on = !chosen.has(keyOf(sorted[index]!));
    const from = extend && last.current !== undefined ? last.current : index;
    for (const row of sorted.slice(Math.min(from, index), Math.max(from, index) + 1))
      if (canChoose(row)) on ? next.add(keyOf(row)) : next.delete(keyOf(row));
    last.current = index;
    onChoose(next);
  };
  return (
    <div className="vbox" ref={box}>
      <table className="vtable" aria-label={label} aria-rowcount={sorted.length + 1}>
        <thead>
          <tr className="vrow" style={grid}>
            <th>
              <input
                type="checkbox"
                aria-label="Choose all"
                checked={all}
                disabled={able.length === 0}
                onChange={() => onChoose(all ? new Set() : new Set(able.map(keyOf)))}
              />
            </th>
            {columns.map((column) => (
              <th
                key={column.name}
                aria-sort={order?.column === column.name ? (order.down ? "descending" : "ascending") : "none"}
              >
                {column.sort ? (
                  <button type="button" onClick={() => setOrder((now) => next(now, column.name))}>
                    {column.name}
                    {order?.column === column.name && (order.down ? " ↓" : " ↑")}
                  </button>
                ) : (
                  column.name
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = sorted[item.index]!;
            const key = keyOf(row);
            return (
              <tr
                key={item.key}
                className={chosen.has(key) ? "vrow chosen" : "vrow"}
                aria-rowindex={item.index + 2}
                style={{ ...grid, height: rowHeight, transform: `translateY(${item.start}px)` }}
              >
                <td>
                  <input
                    type="checkbox"
                    aria-label={`Choose ${key}`}
                    checked={chosen.has(key)}
                    disabled={!canChoose(row)}
                    onChange={() => {}}
                    onClick={(event) => toggle(item.index, event.shiftKey)}
                  />
                </td>
                {columns.map((column) => (
                  <td key={column.name}>{column.cell(row)}</td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
      {sorted.length === 0 && <div className="empty">{empty}</div>}
    </div>
  );
}

type Order = { column: string; down: boolean } | undefined;

/** A click on a head: up, then down, then as it came. */
const next = (now: Order, column: string): Order =>
  now?.column !== column ? { column, down: false } : now.down ? undefined : { column, down: true };

function sortRows<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  order: { column: string; down: boolean } | undefined,
): readonly T[] {
  const by = columns.find((column) => column.name === order?.column)?.sort;
  if (!by) return rows;
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const keyed = rows.map((row) => ({ row, key: by(row) }));
  keyed.sort((a, b) =>
    typeof a.key === "number" && typeof b.key === "number" ? a.key - b.key : compare(String(a.key), String(b.key)),
  );
  return (order?.down ? keyed.reverse() : keyed).map((one) => one.row);
}
