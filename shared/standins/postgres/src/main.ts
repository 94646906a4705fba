import { isAbsolute } from "node:path";
import { startPostgres } from "./server.ts";
import { PostgresStartError } from "./start-error.ts";

/** The stand-in program: serves until SIGTERM or the end of its standard input. */
async function main(): Promise<void> {
  const stateDir = process.env["KC_STANDIN_STATE"];
  if (!stateDir || !isAbsolute(stateDir)) throw new PostgresStartError("KC_STANDIN_STATE must be an absolute folder");
  let leaving = false;
  const leave = Promise.withResolvers<void>();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => leave.resolve());
  process.stdin.on("end", () => leave.resolve()).on("error", () => leave.resolve());
  process.stdin.resume();

  const server = await startPostgres({ stateDir, port: Number(process.env["KC_STANDIN_PORT"]) || undefined });
  process.stdout.write(`${JSON.stringify({ ready: true, variables: server.variables })}\n`);
  void server.ended.then((code) => {
    if (leaving) return;
    process.stderr.write(`PostgreSQL ended by itself with code ${code}; its log is ${stateDir}/postgres.log\n`);
    process.exit(1);
  });
  await leave.promise;
  leaving = true;
  await server.stop();
  process.exit(0);
}

main().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof PostgresStartError ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exit(1);
});
