/** A status as a dot with its word; the word carries the meaning; where there is no room for it the shape does, colour only helps. `label` is another word for it. */
export function Status({ value, label = value, bare = false }: { value: string; label?: string; bare?: boolean }) {
  return (
    <span className={`status s-${value}`} title={label}>
      <i aria-hidden="true" />
      {bare ? <span className="unseen">{label}</span> : label}
    </span>
  );
}

export function Chip({ children, kind = "" }: { children: React.ReactNode; kind?: string }) {
  return <span className={`chip ${kind}`}>{children}</span>;
}
