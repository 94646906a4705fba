import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type CommandContext, type Invocation, type Option, text, UsageError } from "./command.ts";

/** What every request of runs may say besides what it makes. */
export const requestOptions: Record<"config" | "config-json" | "tag", Option> = {
  config: { type: "string", value: "FILE", description: "Run config by step name, YAML or JSON" },
  "config-json": { type: "string", value: "JSON", description: "The same, written out" },
  tag: { type: "string", multiple: true, value: "NAME=VALUE", description: "Tag of the runs; may be repeated" },
};

/** @throws UsageError when the config is given twice, cannot be read or is no mapping. */
export async function configOf(context: CommandContext, values: Invocation["values"]): Promise<Record<string, unknown>> {
  const [file, inline] = [text(values, "config"), text(values, "config-json")];
  if (file !== undefined && inline !== undefined) throw new UsageError("give --config or --config-json, not both");
  return inline === undefined ? runConfig(context, file) : inlineConfig(inline);
}

/** @throws UsageError when the file cannot be read or holds no mapping. */
async function runConfig(context: CommandContext, file: string | undefined): Promise<Record<string, unknown>> {
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
function inlineConfig(text: string): Record<string, unknown> {
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
