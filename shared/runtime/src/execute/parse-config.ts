import type { AssetsDefinition } from "../asset.ts";
import { UserError } from "../errors.ts";
import { issueWords, placed } from "../issue-words.ts";
import { unknownKeys } from "./unknown-keys.ts";

/** @throws UserError naming the step and the path of each value that does not fit. */
export function parseConfig(definition: AssetsDefinition, value: unknown): unknown {
  if (!definition.config) {
    if (value !== undefined && (typeof value !== "object" || value === null || Object.keys(value).length > 0))
      throw new UserError(`step "${definition.name}" takes no config`);
    return {};
  }
  const result = definition.config.safeParse(value ?? {}, { error: issueWords });
  const issues = result.error?.issues.map(placed) ?? [];
  const problems = [...issues, ...unknownKeys(definition.config, value)];
  if (problems.length > 0) throw new UserError(`config of step "${definition.name}": ${problems.join("; ")}`);
  return result.data;
}
