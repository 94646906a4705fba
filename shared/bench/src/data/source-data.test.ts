import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sourceFiles } from "./source-data.ts";

const data = join(import.meta.dirname, "..", "..", "..", "..", "data");

describe("source data", () => {
  test.each(sourceFiles.map((file) => [file.name, file] as const))(
    "%s in data/ is what the seeded generator makes",
    (name, file) => {
      expect(readFileSync(join(data, name), "utf8")).toBe(`${[file.header, ...file.rows(file.committed)].join("\n")}\n`);
    },
  );

  test("every payment is of an order that exists, every order of a customer that exists", () => {
    const [, customers, orders, payments] = sourceFiles;
    const ids = (file: typeof customers) => new Set([...file!.rows(file!.committed)].map((row) => row.split(",")[0]));
    const references = (file: typeof customers) => [...file!.rows(file!.committed)].map((row) => row.split(",")[1]);
    expect(references(orders).every((id) => ids(customers).has(id))).toBe(true);
    const known = ids(orders);
    expect(references(payments).every((id) => known.has(id))).toBe(true);
  });
});
