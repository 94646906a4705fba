import { readFileSync } from "node:fs";
import { isMap, isScalar, LineCounter, type Node, parseDocument } from "yaml";

/** A YAML file that people edit: its values, and where each of them stands. */
export interface YamlFile {
  value: unknown;
  /** Why it is no YAML; there is no value then. */
  errors: { message: string; where: string }[];
  /** `file:line` of the setting at a path. One that is missing has no place of its own: that of what it is missing in. */
  place(path: readonly PropertyKey[]): string;
}

/** @param shown The file's name in places. */
export function readYamlFile(file: string, shown = file): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(file, "utf8"), { lineCounter: lines });
  const line = (offset: number | undefined) => `${shown}:${lines.linePos(offset ?? 0).line || 1}`;
  /** Of a key its own place: what it holds may stand some lines below. */
  const offsetOf = (path: readonly PropertyKey[]): number | undefined => {
    const parent = path.length > 0 ? document.getIn(path.slice(0, -1), true) : undefined;
    const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === path.at(-1)) : undefined;
    return ((pair?.key ?? document.getIn(path, true)) as Node | undefined)?.range?.[0];
  };
  const place = (path: readonly PropertyKey[]): string => {
    for (let length = path.length; length > 0; length--) {
      const offset = offsetOf(path.slice(0, length));
      if (offset !== undefined) return line(offset);
    }
    return line(document.contents?.range?.[0]);
  };
  const broken = (message: string, offset?: number): YamlFile => ({
    value: undefined,
    errors: [{ message: message.split("\n")[0]!.replace(/ at line \d+, column \d+:$/, ""), where: line(offset) }],
    place,
  });
  if (document.errors.length > 0)
    return { ...broken(""), errors: document.errors.flatMap(({ message, pos }) => broken(message, pos[0]).errors) };
  try {
    const value: unknown = document.toJS();
    return isEndless(value) ? broken("an alias stands within what it stands for") : { value, errors: [], place };
  } catch (error) {
    // An alias that no anchor stands for is found only now.
    return broken((error as Error).message);
  }
}

const isEndless = (value: unknown, above: readonly unknown[] = []): boolean =>
  typeof value === "object" &&
  value !== null &&
  (above.includes(value) || Object.values(value).some((one) => isEndless(one, [...above, value])));
