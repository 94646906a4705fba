import { startChild } from "../src/process/child.ts";

// A process that starts children, told on its input, and waits to be killed: each argument is the program of one.
const children = process.argv.slice(2).map((program) =>
  startChild({
    program,
    cwd: "/",
    env: { PATH: process.env.PATH },
    sweeps: true,
    onLine: (_stream, line) => process.stdout.write(`${line}\n`),
  }),
);
process.stdin.on("data", () => {
  children[0]!.kill();
  void children[0]!.exited.then(() => process.stdout.write("ended\n"));
});
