/** How much of a long last part is never cut. */
const kept = 18;

/**
 * An asset's key in little room: its end tells assets apart, so what is cut is the beginning, then the middle of a very long
 * last part. The whole key is the tooltip.
 */
export function KeyName({ value }: { value: string }) {
  const { prefix, head, tail } = keyParts(value);
  return (
    <span className="key-name" title={value}>
      {prefix && <span className="key-prefix">{prefix}</span>}
      {head && <span className="key-head">{head}</span>}
      <span className="key-tail">{tail}</span>
    </span>
  );
}

export function keyParts(key: string): { prefix: string; head: string; tail: string } {
  const at = key.lastIndexOf("/") + 1;
  const last = [...key.slice(at)];
  const cut = last.length > kept + 6 ? last.length - kept : 0;
  return { prefix: key.slice(0, at), head: last.slice(0, cut).join(""), tail: last.slice(cut).join("") };
}
