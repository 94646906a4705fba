import { Fragment } from "react";

/** A name that may go on in the next line: after a slash, an underscore and the like, as a person would write it. */
export function Breakable({ text }: { text: string }) {
  const parts = text.split(/(?<=[/_.:-])(?=\w)/);
  return (
    <>
      {parts.map((part, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text have nothing but their place
        <Fragment key={at}>
          {at > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </>
  );
}
