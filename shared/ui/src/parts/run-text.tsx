import { Link } from "@tanstack/react-router";

const mention = /\brun ([0-9a-z]{13})\b/g;

/** A sentence of the host in which every run it names is a link, as in: waits for pool x, held by run … */
export function RunText({ text }: { text: string }) {
  const parts: React.ReactNode[] = [];
  let end = 0;
  for (const found of text.matchAll(mention)) {
    const id = found[1]!;
    parts.push(
      text.slice(end, found.index + 4),
      <Link key={found.index} to="/runs/$id" params={{ id }}>
        <code>{id}</code>
      </Link>,
    );
    end = found.index + found[0].length;
  }
  return (
    <>
      {parts}
      {text.slice(end)}
    </>
  );
}
