import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import { type Column, rowHeight, TableRow } from "./table-row.tsx";

export type { Column } from "./table-row.tsx";

interface Props<T> {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf(row: T): string;
  chosen: ReadonlySet<string>;
  onChoose(chosen: ReadonlySet<string>): void;
  canChoose(row: T): boolean;
  empty: React.ReactNode;
}

/** Between columns and beside the outer ones (px), as in tables.css. */
const gap = 12;

/** A table of which only the rows in sight are in the page, so that ten thousand scroll as ten do. */
export function VirtualTable<T>({ label, columns: all, rows, keyOf, chosen, onChoose, canChoose, empty }: Props<T>) {
  const [order, setOrder] = useState<Order>();
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const columns = useMemo(() => all.filter(({ from = 0 }) => width >= from), [all, width]);
  const sorted = useMemo(() => sortRows(rows, columns, order), [rows, columns, order]);
  const grid = useMemo(
    () => ["34px", ...columns.map(({ width, grow }) => (grow ? `minmax(${width}px, ${grow}fr)` : `${width}px`))].join(" "),
    [columns],
  );
  const least = columns.reduce((sum, { width }) => sum + width + gap, 34 + 2 * gap);
  const virtual = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    getItemKey: (index) => keyOf(sorted[index]!),
  });
  const able = useMemo(() => sorted.filter(canChoose).map(keyOf), [sorted, canChoose, keyOf]);
  const whole = able.length > 0 && able.every((key) => chosen.has(key));
  const last = useRef<number>(undefined);
  const now = useRef({ sorted, chosen });
  now.current = { sorted, chosen };
  // One function for all renders, so that rows that did not change are not rendered.
  const toggle = useCallback(
    (index: number, extend: boolean) => {
      const from = extend && last.current !== undefined ? last.current : index;
      const next = new Set(now.current.chosen);
      const on = !next.has(keyOf(now.current.sorted[index]!));
      for (const row of now.current.sorted.slice(Math.min(from, index), Math.max(from, index) + 1))
        if (canChoose(row)) on ? next.add(keyOf(row)) : next.delete(keyOf(row));
      last.current = index;
      onChoose(next);
    },
    [keyOf, canChoose, onChoose],
  );
  return (
    <div className="vbox" ref={box}>
      <table className="vtable" aria-label={label} aria-rowcount={sorted.length + 1} style={{ minWidth: least }}>
        <thead>
          <tr className="vrow" style={{ gridTemplateColumns: grid }}>
            <th>
              <input
                type="checkbox"
                aria-label="Choose all"
                checked={whole}
                disabled={able.length === 0}
                onChange={() => onChoose(whole ? new Set() : new Set(able))}
              />
            </th>
            {columns.map(({ name, sort }) => (
              <th key={name} aria-sort={order?.column === name ? (order.down ? "descending" : "ascending") : "none"}>
                {sort ? (
                  <button type="button" onClick={() => setOrder((before) => next(before, name))}>
                    {name}
                    {order?.column === name && (order.down ? " ↓" : " ↑")}
                  </button>
                ) : (
                  name
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ key, index, start }) => {
            const row = sorted[index]!;
            return (
              <TableRow
                key={key}
                row={row}
                name={keyOf(row)}
                index={index}
                start={start}
                grid={grid}
                columns={columns}
                chosen={chosen.has(keyOf(row))}
                able={canChoose(row)}
                toggle={toggle}
              />
            );
          })}
        </tbody>
      </table>
      {sorted.length === 0 && <div className="empty">{empty}</div>}
    </div>
  );
}

/** The width of an element (px) as it is now. */
function useWidth(element: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const watch = new ResizeObserver(() => setWidth(element.current!.clientWidth));
    setWidth(element.current!.clientWidth);
    watch.observe(element.current!);
    return () => watch.disconnect();
  }, [element]);
  return width;
}

type Order = { column: string; down: boolean } | undefined;

/** A click on a head: up, then down, then as it came. */
const next = (before: Order, column: string): Order =>
  before?.column !== column ? { column, down: false } : before.down ? undefined : { column, down: true };

function sortRows<T>(rows: readonly T[], columns: readonly Column<T>[], order: Order): readonly T[] {
  const by = columns.find((column) => column.name === order?.column)?.sort;
  if (!by) return rows;
  const { compare } = new Intl.Collator("en", { numeric: true });
  const keyed = rows.map((row) => ({ row, key: by(row) }));
  keyed.sort((a, b) =>
    typeof a.key === "number" && typeof b.key === "number" ? a.key - b.key : compare(String(a.key), String(b.key)),
  );
  return (order?.down ? keyed.reverse() : keyed).map((one) => one.row);
}
