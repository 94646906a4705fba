/** A status as a dot with its word; the word alone carries the meaning, colour only helps. */
export function Status({ value, bare = false }: { value: string; bare?: boolean }) {
  return (
    <span className={`status s-${value}`} title={value}>
      <i aria-hidden="true" />
      {!bare && value}
    </span>
  );
}

export function Chip({ children, kind = "" }: { children: React.ReactNode; kind?: string }) {
  return <span className={`chip ${kind}`}>{children}</span>;
}
