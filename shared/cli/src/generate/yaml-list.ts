import { isDeepStrictEqual } from "node:util";
import { Document, isCollection, isMap, isSeq, parseDocument } from "yaml";
import { UserError } from "../user-error.ts";

/**
 * Appends an item to a list of a YAML file. In a block list only the item's own lines are new: every other byte,
 * comments and alignment too, stays as it was. An item that the list already has changes nothing.
 * @throws UserError when the text is no YAML or has something else at that path.
 */
export function appendToList(text: string, path: readonly string[], item: unknown, file = "the file"): string {
  const document = parseDocument(text);
  if (document.errors[0]) throw new UserError(`${file}: ${document.errors[0].message.split("\n")[0]}`);
  const list = document.getIn(path, true);
  const empty = list === undefined || (document.getIn(path) ?? null) === null;
  if (!empty && !isSeq(list)) throw new UserError(`${file}: ${path.join(".")} is not a list`);
  const items: unknown[] = isSeq(list) ? (list.toJS(document) as unknown[]) : [];
  if (items.some((one) => isDeepStrictEqual(one, item))) return text;
  if (isSeq(list) && !list.flow && list.range && list.items.length > 0) {
    const inserted = insertLines(text, list.items.at(-1) as { range: [number, number, number] }, item);
    // The text edit is believed only when the parser reads the very list that was wanted.
    const read = parseDocument(inserted);
    if (read.errors.length === 0 && isDeepStrictEqual(read.getIn(path, true) && toJs(read, path), [...items, item]))
      return inserted;
  }
  if (isSeq(list)) list.add(document.createNode(item));
  else document.setIn(path, document.createNode([item]));
  return document.toString({ lineWidth: 0, flowCollectionPadding: /[{[] /.test(text) });
}

function toJs(document: Document.Parsed, path: readonly string[]): unknown {
  const node = document.getIn(path, true);
  return isCollection(node) ? node.toJS(document) : node;
}

/** The text with the item on lines of its own below the list's last item. */
function insertLines(text: string, last: { range: [number, number, number] }, item: unknown): string {
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const lineStart = text.lastIndexOf("\n", last.range[0] - 1) + 1;
  const indent = /^[ \t]*/.exec(text.slice(lineStart))![0];
  const lines = itemText(item).map((line, index) => `${indent}${index === 0 ? "- " : "  "}${line}`);
  const valueEnd = last.range[1];
  // A block value's end is behind its line break, a flow value's before it (and before a comment on the same line).
  const end = text[valueEnd - 1] === "\n" ? valueEnd - 1 : text.indexOf("\n", valueEnd);
  if (end === -1) return `${text}${eol}${lines.join(eol)}${eol}`;
  return `${text.slice(0, end + 1)}${lines.join(eol)}${eol}${text.slice(end + 1)}`;
}

/** `package: { path: locations/x }`: the item's own keys as a block, everything below in one line. */
function itemText(item: unknown): string[] {
  const document = new Document(item);
  if (isMap(document.contents)) for (const { value } of document.contents.items) if (isCollection(value)) value.flow = true;
  return document.toString({ lineWidth: 0 }).trimEnd().split("\n");
}
