import { isMap, isSeq, LineCounter, parseDocument } from "yaml";
import { DbtError } from "../errors.ts";

/** A parsed YAML file that knows the line of each of its parts. */
export interface YamlFile {
  file: string;
  data: unknown;
  /** `file:line` of the part at the path, or of the nearest part above it. */
  at(...path: (string | number)[]): string;
}

/** @throws DbtError with file and line when it is no YAML. */
export function parseYaml(text: string, file: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true });
  const fault = document.errors[0];
  if (fault)
    throw new DbtError("project", `not valid YAML: ${fault.message.split("\n")[0]}`, {
      where: `${file}:${lines.linePos(fault.pos[0]).line}`,
    });
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: 100 }) as unknown;
  } catch (error) {
    throw new DbtError("project", `not valid YAML: ${(error as Error).message}`, { where: `${file}:1` });
  }
  return {
    file,
    data,
    at(...path) {
      let node: unknown = document.contents;
      let line = 1;
      for (const step of path) {
        if (isMap(node)) {
          const pair = node.items.find(
            (item) => String((item.key as { value?: unknown } | null)?.value ?? item.key) === String(step),
          );
          const range = (pair?.key as { range?: [number, number, number] } | undefined)?.range;
          if (!pair || !range) break;
          line = lines.linePos(range[0]).line;
          node = pair.value;
        } else if (isSeq(node)) {
          const item = node.items[Number(step)] as { range?: [number, number, number] } | undefined;
          if (!item?.range) break;
          line = lines.linePos(item.range[0]).line;
          node = item;
        } else break;
      }
      return `${file}:${line}`;
    },
  };
}

export type Yaml = Record<string, unknown>;

export const isRecord = (value: unknown): value is Yaml => typeof value === "object" && value !== null && !Array.isArray(value);

/** The value as a list of mappings. */
export function records(value: unknown, what: string, where: string): Yaml[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every(isRecord))
    throw new DbtError("project", `${what} must be a list of mappings`, { where });
  return value;
}

/** A string or a list of strings, as a list. */
export function strings(value: unknown, what: string, where: string): string[] {
  if (value === undefined || value === null) return [];
  const list = Array.isArray(value) ? value : [value];
  if (!list.every((item) => typeof item === "string"))
    throw new DbtError("project", `${what} must be a string or a list of strings`, { where });
  return list as string[];
}
