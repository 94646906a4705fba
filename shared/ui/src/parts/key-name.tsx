import { keyParts } from "./key-parts.ts";

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
