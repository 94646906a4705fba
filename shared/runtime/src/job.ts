import { callerOf } from "./asset.ts";
import { checkName } from "./instigator.ts";

export interface JobDefinition {
  readonly kind: "job";
  readonly name: string;
  readonly selection: string;
  readonly description: string | undefined;
  readonly tags: Record<string, string>;
  readonly where: string | undefined;
}

/** A named selection of assets of this location that is launched together. */
export function job(options: {
  name: string;
  selection: string;
  description?: string;
  tags?: Record<string, string>;
}): JobDefinition {
  return {
    kind: "job",
    description: undefined,
    tags: {},
    ...options,
    name: checkName("job", options.name),
    where: callerOf(new Error().stack),
  };
}
