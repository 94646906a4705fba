import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../user-error.ts";
import { closeJournal, type Journal, openJournal, remember, undo, writeFile } from "./journal.ts";
import type { Step, StepContext } from "./steps.ts";
import type { Operation, Write } from "./tree.ts";

export interface ApplyOptions {
  root: string;
  /** `location sales_emea`, for messages. */
  what: string;
  steps: Readonly<Record<string, Step>>;
  env: NodeJS.ProcessEnv;
  /** Aborted by Ctrl-C: everything is undone. */
  signal: AbortSignal;
  report(line: string): void;
  write?: typeof writeFile;
}

/**
 * Does what a plan says, in its order: files are written, steps run. Whatever goes wrong, also in the last step, every
 * file and folder is put back as it was.
 * @throws UserError with the step and its output when a step failed, and when a file changed since it was planned.
 */
export async function apply(operations: readonly Operation[], options: ApplyOptions): Promise<void> {
  const { root, what, steps, env, signal, report, write = writeFile } = options;
  const writes = operations.filter((one): one is Write => one.kind !== "step");
  const calls = operations.filter((one) => one.kind === "step");
  for (const { step } of calls) if (!steps[step]) throw new Error(`there is no step "${step}"`);
  const journal: Journal = {
    pid: process.pid,
    what,
    files: [
      ...writes.map(({ path, before, after }) => ({ path, before: before === undefined ? null : remember(root, path), after })),
      ...[...new Set(calls.flatMap(({ step }) => steps[step]!.touches(root)))].map((path) => ({
        path,
        before: remember(root, path),
      })),
    ],
    folders: newFolders(root, writes),
  };
  openJournal(root, journal);
  try {
    for (const operation of operations) {
      signal.throwIfAborted();
      if (operation.kind === "step") {
        const step = steps[operation.step]!;
        report(`  step    ${step.title(operation.location)}`);
        await runStep(step, { root, location: operation.location, env, signal });
      } else {
        unchanged(root, operation);
        write(root, operation.path, operation.after);
        report(`  ${operation.kind}  ${operation.path}`);
      }
    }
    signal.throwIfAborted();
    closeJournal(root);
  } catch (error) {
    const kept = undo(root, journal);
    throw told(error, what, signal, kept);
  }
}

async function runStep(step: Step, context: StepContext): Promise<void> {
  const { code, output } = await step.run(context);
  context.signal.throwIfAborted();
  if (code === 0) return;
  const lines = output.trim().split("\n").slice(-80).join("\n");
  throw new UserError(`the step "${step.title(context.location)}" failed (exit code ${code})`, lines);
}

/** Somebody may have edited the file between the plan and now. */
function unchanged(root: string, { path, before }: Write): void {
  const file = join(root, path);
  const now = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  if (now !== before) throw new UserError(`${path} was changed while kc was at work`, "Run the same command again.");
}

/** The topmost folders that do not exist yet. */
function newFolders(root: string, writes: readonly Write[]): string[] {
  const found = new Set<string>();
  for (const { path } of writes) {
    let top: string | undefined;
    for (let folder = dirname(path); folder !== "." && !existsSync(join(root, folder)); folder = dirname(folder)) top = folder;
    if (top) found.add(top);
  }
  return [...found];
}

/** The error with what became of the files. */
function told(error: unknown, what: string, signal: AbortSignal, kept: readonly string[]): Error {
  const end =
    kept.length === 0
      ? "Everything is as it was before."
      : `Everything is as it was before, except ${kept.join(", ")}: changed by somebody else meanwhile, so take the lines of ${what} out yourself.`;
  if (signal.aborted) return new UserError(`interrupted: ${what} was not made`, end);
  if (error instanceof UserError)
    return new UserError(`${what} was not made: ${error.message}`, error.hint ? `${error.hint}\n${end}` : end);
  const failure = error as NodeJS.ErrnoException;
  if (failure.code && failure.syscall)
    return new UserError(`${what} was not made: ${failure.message}`, `Check the disk and its permissions. ${end}`);
  return error as Error;
}
