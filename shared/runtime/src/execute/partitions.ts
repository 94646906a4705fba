import type { StepPartitions } from "../asset.ts";
import { UserError } from "../errors.ts";
import type { PartitionsDefinition } from "../partition/definition.ts";
import { expandPartitions, windowOfTexts } from "../partition/expand.ts";
import { partitionTexts } from "../partition/status.ts";
import type { PlannedStep } from "../plan.ts";

/** What a step's code sees of the partitions it is to make; keys are listed when they are first asked for. */
export function stepPartitions(step: PlannedStep, definition: PartitionsDefinition | undefined): StepPartitions | undefined {
  if (!definition || step.partition === undefined) return undefined;
  const ranges = partitionTexts(step.partition);
  const window = windowOfTexts(definition, ranges);
  let keys: string[] | undefined;
  const listed = () => {
    keys ??= expandPartitions(definition, ranges);
    return keys;
  };
  const names = definition.type === "multi" ? Object.keys(definition.dimensions) : [];
  return {
    ranges,
    get keys() {
      return listed();
    },
    ...(window ? { window: { start: new Date(window.start), end: new Date(window.end) } } : {}),
    get dimensions() {
      return Object.fromEntries(names.map((name, at) => [name, [...new Set(listed().map((key) => key.split("|")[at]!))]]));
    },
  };
}

/**
 * Adds `partition`: the key of the only one. In a run over several, reading it is a mistake that is told; it is then no
 * enumerable property, so that a context can still be spread.
 */
export function withPartition<T extends { partitions: StepPartitions | undefined }>(
  step: PlannedStep,
  context: T,
): T & { readonly partition: string | undefined } {
  const { partitions } = context;
  const several = partitions && (partitions.ranges.length > 1 || partitions.ranges[0]!.includes("..."));
  if (!several) return { ...context, partition: partitions?.ranges[0] };
  return Object.defineProperty(context, "partition", {
    get() {
      throw new UserError(`step "${step.name}" reads the key of its partition in a run over several: ${step.partition}`, {
        hint: 'Read partitions.keys or partitions.window, or let its backfill policy be "perPartition".',
        final: true,
      });
    },
  }) as T & { readonly partition: string | undefined };
}

/**
 * The partition of an event about some of a step's partitions.
 * @throws UserError when they are not among those the run is to make.
 */
export function within(step: PlannedStep, partitions: StepPartitions | undefined, texts: readonly string[]): string {
  if (!partitions) throw new UserError(`step "${step.name}" reported partitions, but it has none`);
  const known = new Set([...partitions.keys, ...partitions.ranges]);
  for (const text of texts)
    for (const key of text.split("..."))
      if (!known.has(key))
        throw new UserError(`step "${step.name}" reported partition "${text}", which this run does not make`, {
          hint: `It makes ${step.partition}.`,
        });
  return texts.join(",");
}
