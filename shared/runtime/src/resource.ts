import type { z } from "zod";
import * as be from "./shape.ts";

/** A value that is read from the environment of the location when a step needs it, never when definitions load. */
export interface EnvValue {
  readonly env: string;
  readonly fallback: string | undefined;
  /** Its value is hidden in all that the location says. */
  readonly secret?: true;
}

/** `env("NAME")`: the variable, required; `env("NAME", "x")`: the variable, or "x" when it is unset or empty. */
export function env(name: string, fallback?: string): EnvValue {
  return { env: name, fallback };
}

/**
 * `secret("NAME")`: as `env("NAME")`, for a variable whose name does not say that its value is a secret. Names that end in
 * TOKEN, PASSWORD, SECRET, KEY and the like do.
 */
export function secret(name: string): EnvValue {
  return { env: name, fallback: undefined, secret: true };
}

export type OrEnv<T> = { [K in keyof T]: T[K] | EnvValue };

/** What set-up and tear-down of a resource may use. */
export interface ResourceContext {
  signal: AbortSignal;
  log: Logger;
  /** Folders of the location that uses the resource. */
  location: LocationPaths;
}

/** Absolute folders a step may use. */
export interface LocationPaths {
  name: string;
  /** The location's own folder. */
  projectRoot: string;
  /** The repository (the folder of workspace.yaml). */
  workspaceRoot: string;
  /** A folder of the location's own for caches, below `.kc/` of the checkout; survives restarts, may be deleted. */
  stateDir: string;
}

/** A line of a step's log. Extra fields are kept as structured data. */
export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** A configurable object that steps share: set up once per run before the first step that uses it, torn down at the run's end. */
export interface Resource<T> {
  readonly kind: "resource";
  readonly description: string | undefined;
  /** Schema of `config`; zod of any version, or anything that speaks Standard Schema. */
  readonly schema: z.ZodType | undefined;
  /** Values for the schema; `env(…)` values are read at set-up. */
  readonly config: Record<string, unknown>;
  setup(config: unknown, context: ResourceContext): T | Promise<T>;
  teardown?(value: T, context: ResourceContext): void | Promise<void>;
}

export interface ResourceOptions<S extends z.ZodType, T> {
  description?: string;
  schema: S;
  /** Input of the schema, each value a literal or `env(…)`. */
  config: z.input<S> extends object ? OrEnv<z.input<S>> : never;
  setup(config: z.output<S>, context: ResourceContext): T | Promise<T>;
  teardown?(value: T, context: ResourceContext): void | Promise<void>;
}

/** Defines a resource. All its unset variables are reported together, before any step starts. */
export function resource<S extends z.ZodType, T>(options: ResourceOptions<S, T>): Resource<T> {
  be.checkShape("resource", undefined, options, shape);
  return { kind: "resource", description: undefined, ...(options as unknown as Omit<Resource<T>, "kind" | "description">) };
}

const shape = be.shapeOf<ResourceOptions<z.ZodType, unknown>>(
  { description: be.text, schema: be.anything, config: be.object, setup: be.func, teardown: be.func },
  "config",
  "setup",
);

/** A fixed value as a resource: for tests, and for things that need no set-up. */
export function valueResource<T>(value: T): Resource<T> {
  return { kind: "resource", description: undefined, schema: undefined, config: {}, setup: () => value };
}

export type Resources = Record<string, Resource<unknown>>;
/** What `resources` of a step's context holds: each resource's value under its name. */
export type ResolvedResources<R> = { [K in keyof R]: R[K] extends Resource<infer T> ? T : never };
