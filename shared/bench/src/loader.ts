import { fileURLToPath } from "node:url";
import { timed } from "./command.ts";
import type { Done, Work } from "./replicate/main.ts";

const program = fileURLToPath(new URL("./replicate/main.ts", import.meta.url));

/** Runs one load in a process of its own. @throws Error when it did not move all of the rows. */
export async function load(work: Work, variables: Record<string, string>, rows: number): Promise<Done> {
  const env = { ...process.env, ...variables };
  const { stdout } = await timed(process.execPath, ["--disable-warning=ExperimentalWarning", program, JSON.stringify(work)], {
    env,
  });
  const done = JSON.parse(stdout.trim().split("\n").at(-1)!) as Done;
  if (done.rows !== rows) throw new Error(`${done.rows} of ${rows} rows were loaded`);
  return done;
}
