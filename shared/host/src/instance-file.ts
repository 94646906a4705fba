import { existsSync, readFileSync } from "node:fs";
import { durationMs, UserError } from "@kc/runtime/internal";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";

const duration = z.string().transform((text, context) => {
  try {
    return durationMs(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
    return z.NEVER;
  }
});

const schema = z.strictObject({
  storage: z.strictObject({ sqlite: z.strictObject({ path: z.string().optional() }).optional() }).optional(),
  runs: z
    .strictObject({
      /** Runs at one time over all locations. */
      max_concurrent: z.number().int().min(1).default(10),
      /** Steps at one time within a run. */
      max_concurrent_steps: z.number().int().min(1).default(4),
      /** How long a cancelled run may take to end by itself. */
      cancel_grace: duration.default(10_000),
    })
    .prefault({}),
  workers: z
    .strictObject({
      /** Warm workers that wait for a run, over all locations. */
      max_idle: z.number().int().min(0).default(3),
      /** Runs after which a worker is replaced. */
      max_runs: z.number().int().min(1).default(100),
    })
    .prefault({}),
  locations: z.strictObject({ load_timeout: duration.default(60_000) }).prefault({}),
  ticks: z.strictObject({ timeout: duration.default(180_000) }).prefault({}),
});

/** The instance's settings: kc.yaml with every default filled in. Durations are milliseconds. */
export type InstanceSettings = z.output<typeof schema>;

/**
 * Reads kc.yaml; without one every setting has its default. `env:NAME` stands for the variable's value anywhere.
 * @throws UserError with file and line.
 */
export function readInstanceFile(file: string, env: Readonly<Record<string, string | undefined>>): InstanceSettings {
  if (!existsSync(file)) return schema.parse({});
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(file, "utf8"), { lineCounter: lines });
  const line = (offset: number | undefined) => `${file}:${lines.linePos(offset ?? 0).line || 1}`;
  const syntax = document.errors[0];
  if (syntax) throw new UserError(syntax.message.split("\n")[0]!, { where: line(syntax.pos[0]) });
  const missing: string[] = [];
  const fill = (value: unknown): unknown => {
    if (typeof value === "string" && value.startsWith("env:")) {
      const found = env[value.slice(4)];
      if (!found) missing.push(value.slice(4));
      return found;
    }
    if (Array.isArray(value)) return value.map(fill);
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item)]));
    return value;
  };
  const values = fill(document.toJS() ?? {});
  if (missing.length > 0) throw new UserError(`unset environment variables: ${missing.join(", ")}`, { where: file });
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const node = document.getIn(issue.path as (string | number)[], true) as { range?: [number] } | undefined;
  throw new UserError(`${issue.path.join(".") || "(root)"}: ${issue.message}`, { where: line(node?.range?.[0]) });
}
