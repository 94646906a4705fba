import { errorText, UserError } from "../errors.ts";
import type { EnvValue, Resource, ResourceContext, Resources } from "../resource.ts";

const isEnv = (value: unknown): value is EnvValue =>
  typeof value === "object" && value !== null && "env" in value && "fallback" in value;

/** Names of the variables that a resource needs and the environment lacks. */
export function missingVariables(resource: Resource<unknown>, env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.values(resource.config)
    .filter(isEnv)
    .filter((value) => !env[value.env] && value.fallback === undefined)
    .map((value) => value.env);
}

/** Names of the variables that these resources say are secrets. */
export function secretsOf(resources: Iterable<Resources>): string[] {
  const names = [...resources].flatMap((some) =>
    Object.values(some).flatMap(({ config }) =>
      Object.values(config)
        .filter(isEnv)
        .filter((value) => value.secret)
        .map((value) => value.env),
    ),
  );
  return [...new Set(names)].sort();
}

/**
 * The configuration of a resource with its variables read and its schema applied.
 * @throws UserError naming the resource and what is wrong; never a value.
 */
export function resourceConfig(
  name: string,
  resource: Resource<unknown>,
  env: Readonly<Record<string, string | undefined>>,
): unknown {
  const missing = missingVariables(resource, env);
  if (missing.length > 0)
    throw new UserError(`resource "${name}" needs ${missing.join(", ")}`, {
      hint: "Set them in .env (see .env.example), or let kc start the local stand-in.",
    });
  const values = Object.fromEntries(
    Object.entries(resource.config).map(([key, value]) => [key, isEnv(value) ? env[value.env] || value.fallback : value]),
  );
  if (!resource.schema) return values;
  const result = resource.schema.safeParse(values);
  if (result.success) return result.data;
  const from = (path: PropertyKey | undefined) => {
    const value = resource.config[String(path)];
    return isEnv(value) ? `${value.env} (${String(path)})` : String(path);
  };
  throw new UserError(
    `resource "${name}": ${result.error.issues.map((issue) => `${from(issue.path[0])}: ${issue.message}`).join("; ")}`,
  );
}

/** Sets resources up once per run, on first use, and tears them down in reverse order. */
export function resourceScope(env: Readonly<Record<string, string | undefined>>, context: ResourceContext) {
  const ready = new Map<Resource<unknown>, Promise<unknown>>();
  const used: { name: string; resource: Resource<unknown>; value: unknown }[] = [];
  return {
    async resolve(resources: Resources): Promise<Record<string, unknown>> {
      const entries = Object.entries(resources).map(async ([name, resource]) => {
        let value = ready.get(resource);
        if (!value) {
          value = (async () => {
            const made = await resource.setup(resourceConfig(name, resource, env), context);
            used.push({ name, resource, value: made });
            return made;
          })();
          ready.set(resource, value);
        }
        try {
          return [name, await value] as const;
        } catch (error) {
          // A retry of the step tries the set-up again.
          ready.delete(resource);
          throw error;
        }
      });
      return Object.fromEntries(await Promise.all(entries));
    },
    /** Tears everything down; a tear-down that throws does not keep the others from it. */
    async close(): Promise<void> {
      // A set-up may still go on whose step has failed over another resource.
      await Promise.allSettled(ready.values());
      for (const { name, resource, value } of used.reverse())
        try {
          await resource.teardown?.(value, context);
        } catch (error) {
          context.log.warn(`tear-down of resource "${name}" failed: ${errorText(error)}`);
        }
      used.length = 0;
      ready.clear();
    },
  };
}
