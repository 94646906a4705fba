import { join } from "node:path";
import { parseArgs } from "node:util";
import { sourceFiles } from "./source-data.ts";
import { writeSource } from "./write.ts";

// pnpm --filter @kc/bench data [--folder DIR] [--rows N]: writes the source files; without --rows those of data/.
const { values } = parseArgs({ options: { folder: { type: "string" }, rows: { type: "string" } } });
const folder = values.folder ?? join(import.meta.dirname, "..", "..", "..", "..", "data");
for (const source of sourceFiles) console.log(writeSource(source, folder, values.rows ? Number(values.rows) : source.committed));
