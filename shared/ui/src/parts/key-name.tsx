import { keyParts } from "./key-parts.ts";

/**
 * An asset's key in little room: its end tells assets apart, so what is cut is what stands before the end, of which the first
 * letters stay. The whole key is the tooltip.
 */
export function KeyName({ value }: { value: string }) {
  const { prefix, head, tail } = keyParts(value);
  return (
    <span className="key-name" title={value}>
      {(prefix || head) && (
        <span className="key-start">
          {prefix && <span className="key-prefix">{prefix}</span>}
          {head}
        </span>
      )}
      <span className="key-tail">{tail}</span>
    </span>
  );
}
