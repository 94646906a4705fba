// A writer process of the tests: appends rows one commit at a time and prints each number once its commit is acknowledged.
import { append, withDuck } from "../src/index.ts";

const [dir = "", writer = "0", commits = "0"] = process.argv.slice(2);
await withDuck(
  async (duck) => {
    for (let i = 0; i < Number(commits); i++) {
      const id = Number(writer) * 1000 + i;
      await append(duck, dir, `SELECT ${id} AS id`);
      process.stdout.write(`${id}\n`);
    }
  },
  { threads: 1 },
);
