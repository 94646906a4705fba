import type { Component, DefinitionParts } from "./component.ts";
import { UserError } from "./errors.ts";
import { type FreshnessPolicy, freshnessSnapshot } from "./freshness-policy.ts";
import { checkFormerly } from "./instigator.ts";
import * as be from "./shape.ts";

/** What a location's entry exports as default: its definitions and the components its defs.yaml files may name. */
export interface LocationDefinition extends Required<DefinitionParts> {
  readonly kind: "location";
  readonly name: string;
  readonly formerly: readonly string[];
  /** Of every asset that it makes and that has none of its own. */
  readonly freshness: FreshnessPolicy | undefined;
  readonly components: readonly Component[];
  readonly templateVars: Readonly<Record<string, unknown>>;
}

interface LocationOptions extends DefinitionParts {
  name: string;
  /** Names it had before: what is remembered of its schedules and sensors moves to this one. */
  formerly?: readonly string[];
  /** Freshness policy of every asset that it makes and that has none of its own. */
  freshness?: FreshnessPolicy | undefined;
  components?: readonly Component[];
  /** Names that templates in this location's defs.yaml files may use: `{{ name }}`. */
  templateVars?: Readonly<Record<string, unknown>>;
}

const shape = be.shapeOf<LocationOptions & { kind: string }>(
  {
    // Of a definition that is taken over with changes: { ...base, name: "other" }.
    kind: be.text,
    name: be.text,
    formerly: be.texts,
    freshness: be.object,
    assets: be.list,
    checks: be.list,
    jobs: be.list,
    schedules: be.list,
    sensors: be.list,
    components: be.list,
    templateVars: be.object,
  },
  "name",
);

/**
 * Defines a code location.
 * @throws UserError when the name is not snake_case.
 */
export function defineLocation(options: LocationOptions): LocationDefinition {
  be.checkShape("location", options?.name, options, shape);
  if (!/^[a-z][a-z0-9_]*$/.test(options.name))
    throw new UserError(`location name "${options.name}" must be snake_case: letters, digits and "_"`);
  // An asset's own partitions say more when the location is assembled; what is wrong in any case is told here.
  if (options.freshness)
    freshnessSnapshot(
      `location ${options.name}`,
      { ...options.freshness, ...(options.freshness.of ? { of: "any" } : {}) },
      undefined,
    );
  return {
    kind: "location",
    name: options.name,
    formerly: checkFormerly("location", options.name, options.formerly),
    freshness: options.freshness,
    assets: options.assets ?? [],
    checks: options.checks ?? [],
    jobs: options.jobs ?? [],
    schedules: options.schedules ?? [],
    sensors: options.sensors ?? [],
    components: options.components ?? [],
    templateVars: options.templateVars ?? {},
  };
}
