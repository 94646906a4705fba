import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { UserError } from "@kc/runtime";

export interface Sale {
  sold_on: string;
  product: string;
  quantity: number;
  cents: number;
}

const header = "sold_on,product,quantity,unit_price";

/**
 * Reads a CSV file of sales (no quoted fields).
 * @throws UserError with file and line for the first line that is no sale.
 */
export async function readSales(file: string): Promise<Sale[]> {
  const [first, ...lines] = (await readFile(file, "utf8")).trimEnd().split(/\r?\n/);
  const wrong = (line: number, message: string): UserError =>
    new UserError(message, { where: `${basename(file)}:${line}`, hint: `A line is ${header}.` });
  if (first !== header) throw wrong(1, "the header is not the expected one");
  return lines.map((text, index) => {
    const fields = text.split(",");
    if (fields.length !== 4) throw wrong(index + 2, `there are ${fields.length} fields where 4 belong`);
    const [sold_on, product, quantity, price] = fields as [string, string, string, string];
    if (!/^\d{4}-\d{2}-\d{2}$/.test(sold_on)) throw wrong(index + 2, `"${sold_on}" is not a date`);
    if (!/^\d+$/.test(quantity)) throw wrong(index + 2, `quantity "${quantity}" is not a whole number`);
    if (!/^\d+\.\d{2}$/.test(price)) throw wrong(index + 2, `unit_price "${price}" is not an amount like 2.40`);
    return { sold_on, product, quantity: Number(quantity), cents: Number(quantity) * Math.round(Number(price) * 100) };
  });
}
