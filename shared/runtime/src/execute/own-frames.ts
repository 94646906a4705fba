/** Frames of kc itself and of Node's inside: they say how a step is called, which is the same for every step. */
const notTheirs = /[(\s](?:file:\/\/)?(?:\/[^()]*\/shared\/(?:runtime|host|storage|cli)\/src\/(?![^()]*\.test\.ts)|node:)/;

/**
 * A stack without the frames that are not the team's. One that has no others is kc's own defect and stays whole.
 * Frames of connectors and packages stay: the team chose them.
 */
export function ownFrames(stack: string): string {
  const lines = stack.split("\n");
  const isFrame = (line: string) => /^\s+at /.test(line);
  const hasPlace = (line: string | undefined) => line !== undefined && isFrame(line) && /:\d+:\d+\)?$/.test(line);
  const theirs = lines.filter((line) => !(isFrame(line) && notTheirs.test(line)));
  // Of `at async Promise.all (index 0)` only who called it tells whose it is.
  const kept = theirs.filter((line, at) => !isFrame(line) || hasPlace(line) || hasPlace(theirs[at + 1]));
  return kept.some(hasPlace) ? kept.join("\n") : stack;
}
