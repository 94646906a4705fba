/** A status as a dot with its word; the word alone carries the meaning, colour only helps. `label` is another word for it. */
export function Status({ value, label = value, bare = false }: { value: string; label?: string; bare?: boolean }) {
  return (
    <span className={`status s-${value}`} title={label}>
      <i aria-hidden="true" />
      {!bare && label}
    </span>
  );
}

export function Chip({ children, kind = "" }: { children: React.ReactNode; kind?: string }) {
  return <span className={`chip ${kind}`}>{children}</span>;
}
