/** How a CSV file is written. */
export interface CsvDialect {
  delimiter: string;
  quote: string;
  escape: string;
}

/** One record and the line it starts on, from 1. */
export interface CsvRecord {
  line: number;
  fields: string[];
  /** Where the next record begins in the text. */
  end: number;
}

/**
 * Reads whole records of a piece of text; a record that the piece cuts off is left out unless `complete`.
 * Only for headers and samples: data travels to the database as the bytes they are.
 */
export function* csvRecords(text: string, dialect: CsvDialect, complete: boolean): Generator<CsvRecord> {
  const { delimiter, quote, escape: escaper } = dialect;
  let fields: string[] = [];
  let field = "";
  let quoted = false;
  let any = false;
  let line = 1;
  let start = 1;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (quoted) {
      if (char === escaper && (text[at + 1] === quote || (escaper !== quote && text[at + 1] === escaper))) field += text[++at];
      else if (char === quote) {
        if (at + 1 === text.length && !complete) return;
        quoted = false;
      } else {
        if (char === "\n") line++;
        field += char;
      }
    } else if (char === quote && field === "") {
      quoted = true;
      any = true;
    } else if (char === delimiter) {
      fields.push(field);
      field = "";
      any = true;
    } else if (char === "\n" || char === "\r") {
      if (char === "\r" && at + 1 === text.length && !complete) return;
      if (char === "\r" && text[at + 1] === "\n") at++;
      line++;
      yield { line: start, fields: [...fields, field], end: at + 1 };
      fields = [];
      field = "";
      any = false;
      start = line;
    } else field += char;
  }
  if (complete && (any || field !== "")) yield { line: start, fields: [...fields, field], end: text.length };
}

/** The likeliest of the usual delimiters: the one that cuts the header into most fields; a comma when none does. */
export function guessDelimiter(text: string): string {
  let best: [number, string] = [1, ","];
  for (const delimiter of [",", ";", "\t", "|"]) {
    const header = csvRecords(text, { delimiter, quote: '"', escape: '"' }, true).next().value as CsvRecord | undefined;
    if ((header?.fields.length ?? 0) > best[0]) best = [header!.fields.length, delimiter];
  }
  return best[1];
}
