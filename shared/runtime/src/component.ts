import type { z } from "zod";
import type { AssetsDefinition } from "./asset.ts";
import type { AssetCheckDefinition } from "./check.ts";
import type { JobDefinition } from "./job.ts";
import type { LocationPaths, Logger } from "./resource.ts";
import type { ScheduleDefinition } from "./schedule.ts";
import type { SensorDefinition } from "./sensor.ts";
import * as be from "./shape.ts";

/** The definitions that a location, or a component within it, adds. */
export interface DefinitionParts {
  assets?: readonly AssetsDefinition[];
  checks?: readonly AssetCheckDefinition[];
  jobs?: readonly JobDefinition[];
  schedules?: readonly ScheduleDefinition[];
  sensors?: readonly SensorDefinition[];
}

/** What `build` of a component may use. It may read files and ask a vendor, but should keep what it learned in `location.stateDir`. */
export interface ComponentContext {
  /** Folder of the defs.yaml. */
  folder: string;
  /** The defs.yaml itself. */
  file: string;
  location: LocationPaths;
  env: Readonly<Record<string, string | undefined>>;
  log: Logger;
  signal: AbortSignal;
  /** `file:line:column` of an attribute, for errors: `at("streams", 0, "mode")`. */
  at(...path: (string | number)[]): string;
}

/** Turns the attributes of a `defs.yaml` into definitions. */
export interface Component {
  readonly kind: "component";
  /** The `type:` that a defs.yaml names, as `vendor.Noun`. */
  readonly type: string;
  readonly description: string;
  readonly attributes: z.ZodType;
  build(attributes: unknown, context: ComponentContext): Promise<DefinitionParts> | DefinitionParts;
}

/** Defines a component. A location offers it by listing it in `defineLocation({ components })`. */
export function component<S extends z.ZodType>(options: {
  type: string;
  description: string;
  attributes: S;
  build(attributes: z.output<S>, context: ComponentContext): Promise<DefinitionParts> | DefinitionParts;
}): Component {
  be.checkShape("component", options?.type, options, shape);
  return { kind: "component", ...options } as Component;
}

const shape = be.shapeOf<Omit<Component, "kind">>(
  { type: be.text, description: be.text, attributes: be.schema, build: be.func },
  "type",
  "attributes",
  "build",
);
