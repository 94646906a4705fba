/** A unified diff of two texts (without file names), with `context` unchanged lines around each change. */
export function diffLines(before: string, after: string, context = 2): string[] {
  const a = before.replace(/\n$/, "").split("\n");
  const b = after.replace(/\n$/, "").split("\n");
  const lines = script(a, b);
  const out: string[] = [];
  let shownTo = -1;
  lines.forEach((line, index) => {
    if (line.sign === " ") return;
    const from = Math.max(shownTo + 1, index - context);
    if (from > shownTo + 1 || shownTo === -1) out.push(`@@ line ${lines[from]!.line} @@`);
    for (let at = from; at <= Math.min(lines.length - 1, index + context); at++) {
      if (at > index && lines[at]!.sign !== " ") break;
      if (at > shownTo) out.push(`${lines[at]!.sign}${lines[at]!.text}`);
      shownTo = Math.max(shownTo, at);
    }
  });
  return out;
}

interface Line {
  sign: " " | "+" | "-";
  text: string;
  /** Number of the line in the new text. */
  line: number;
}

/** Longest common subsequence: the files that generators edit are short. */
function script(a: readonly string[], b: readonly string[]): Line[] {
  const common = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      common[i]![j] = a[i] === b[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
  const out: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      out.push({ sign: " ", text: a[i]!, line: j + 1 });
      i++;
      j++;
    } else if (i < a.length && (j >= b.length || common[i + 1]![j]! >= common[i]![j + 1]!))
      out.push({ sign: "-", text: a[i++]!, line: j + 1 });
    else out.push({ sign: "+", text: b[j]!, line: ++j });
  }
  return out;
}
