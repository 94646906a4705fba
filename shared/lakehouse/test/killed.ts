// A writer process of the tests: writes the data of one append and stops for ever right before the commit is published.
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

fs.link = () => {
  process.stdout.write("written\n");
  return new Promise(() => setInterval(() => undefined, 1000));
};
syncBuiltinESMExports();
const { append, withDuck } = await import("../src/index.ts");
await withDuck((duck) => append(duck, process.argv[2] ?? "", "SELECT 2 AS id FROM range(1000)"), { threads: 1 });
