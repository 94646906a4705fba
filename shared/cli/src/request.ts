import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type CommandContext, UsageError } from "./command.ts";

/** @throws UsageError when the file cannot be read or holds no mapping. */
export async function runConfig(context: CommandContext, file: string | undefined): Promise<Record<string, unknown>> {
  if (!file) return {};
  const { parse } = await import("yaml");
  let value: unknown;
  try {
    value = parse(readFileSync(resolve(context.cwd, file), "utf8"));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(`--config ${file}: ${code === "ENOENT" ? "there is no such file" : message.split("\n")[0]}`);
  }
  if (!value || typeof value !== "object" || Array.isArray(value))
    throw new UsageError(`--config ${file} must hold a mapping from step names to their config`);
  return value as Record<string, unknown>;
}

/** @throws UsageError when the text is no JSON object. */
export function inlineConfig(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--config-json: ${(error as Error).message}`);
  }
  if (!value || typeof value !== "object" || Array.isArray(value)) throw new UsageError("--config-json must hold an object");
  return value as Record<string, unknown>;
}

/** @throws UsageError at a tag without a value. */
export function tagsOf(tags: unknown): Record<string, string> {
  return Object.fromEntries(
    ((tags as string[] | undefined) ?? []).map((tag) => {
      const [name, ...value] = tag.split("=");
      if (!name || value.length === 0) throw new UsageError(`--tag "${tag}": write NAME=VALUE`);
      return [name, value.join("=")];
    }),
  );
}
