import type { Component, DefinitionParts } from "./component.ts";
import { UserError } from "./errors.ts";
import { checkFormerly } from "./instigator.ts";

/** What a location's entry exports as default: its definitions and the components its defs.yaml files may name. */
export interface LocationDefinition extends Required<DefinitionParts> {
  readonly kind: "location";
  readonly name: string;
  readonly formerly: readonly string[];
  readonly components: readonly Component[];
  readonly templateVars: Readonly<Record<string, unknown>>;
}

/**
 * Defines a code location.
 * @throws UserError when the name is not snake_case.
 */
export function defineLocation(
  options: DefinitionParts & {
    name: string;
    /** Names it had before: what is remembered of its schedules and sensors moves to this one. */
    formerly?: readonly string[];
    components?: readonly Component[];
    /** Names that templates in this location's defs.yaml files may use: `{{ name }}`. */
    templateVars?: Readonly<Record<string, unknown>>;
  },
): LocationDefinition {
  if (!/^[a-z][a-z0-9_]*$/.test(options.name))
    throw new UserError(`location name "${options.name}" must be snake_case: letters, digits and "_"`);
  return {
    kind: "location",
    name: options.name,
    formerly: checkFormerly("location", options.name, options.formerly),
    assets: options.assets ?? [],
    checks: options.checks ?? [],
    jobs: options.jobs ?? [],
    schedules: options.schedules ?? [],
    sensors: options.sensors ?? [],
    components: options.components ?? [],
    templateVars: options.templateVars ?? {},
  };
}
