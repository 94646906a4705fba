/** How much of a long last part is never cut. */
const kept = 18;

/** A key as its folders, what of its last part may be cut, and the end that may not. */
export function keyParts(key: string): { prefix: string; head: string; tail: string } {
  const at = key.lastIndexOf("/") + 1;
  const last = [...key.slice(at)];
  const cut = last.length > kept + 6 ? last.length - kept : 0;
  return { prefix: key.slice(0, at), head: last.slice(0, cut).join(""), tail: last.slice(cut).join("") };
}
