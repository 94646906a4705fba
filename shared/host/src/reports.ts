import {
  type AssetNode,
  type CheckSeverity,
  didYouMean,
  type Metadata,
  type NewEvent,
  partitionTexts,
  typedMetadata,
  UserError,
  type WorkspaceGraph,
} from "@kc/runtime/internal";
import type { LivePartitions } from "./partitions.ts";

/** What was made, seen or checked elsewhere, as the API and sensors report it. */
export interface Report {
  type: "materialization" | "observation" | "check";
  asset: string;
  partition?: string | undefined;
  metadata?: Metadata | undefined;
  check?: { name: string; passed: boolean; severity?: CheckSeverity | undefined; description?: string | undefined } | undefined;
}

/**
 * The event of a report.
 * @param now.by who reports, kept with the event.
 * @throws UserError when it names an asset, partition or check that is not there.
 */
export function reportedEvent(
  { graph, partitions }: { graph: WorkspaceGraph; partitions: Pick<LivePartitions, "now"> },
  { type, asset, partition, metadata, check }: Report,
  now: { at: number; by: string },
): NewEvent {
  const node = graph.assets.get(asset);
  if (!node) throw new UserError(`there is no asset "${asset}".${didYouMean(asset, graph.assets.keys())}`);
  if (type === "materialization" && node.partitions && !partition)
    throw new UserError(`asset "${asset}" has partitions: which of them was made?`, {
      hint: 'Name it: --partition KEY on the command line, "partition" in the API and of a sensor.',
    });
  if ((type === "check") !== (check !== undefined))
    throw new UserError(
      check ? `check belongs to a report of type "check"` : "a report of a check needs check: { name, passed }",
    );
  return {
    type: type === "check" ? "check_result" : type,
    at: now.at,
    asset,
    ...(partition ? { partition: keptPartition(node, partition, partitions) } : {}),
    metadata: typedMetadata(metadata),
    fields: { reported_by: now.by },
    ...(check ? { check: checkOf(node, check) } : {}),
  };
}

/** Partitions as the log keeps them. @throws UserError when the asset has no such partition. */
export function keptPartition(node: AssetNode, partition: string, partitions: Pick<LivePartitions, "now">): string {
  if (!node.partitions) throw new UserError(`asset "${node.key}" has no partitions: "${partition}" cannot be one`);
  const space = partitions.now().spaceOf(node.key);
  return space.kept(space.parse(partitionTexts(partition))).join(",");
}

function checkOf(node: AssetNode, check: NonNullable<Report["check"]>): NonNullable<NewEvent["check"]> {
  const known = node.checks.find((one) => one.name === check.name);
  if (!known) {
    const names = node.checks.map((one) => one.name);
    throw new UserError(`asset "${node.key}" has no check "${check.name}".${didYouMean(check.name, names)}`, {
      hint: names.length > 0 ? `It has ${names.slice(0, 10).join(", ")}.` : "It has no checks.",
    });
  }
  const { name, passed, severity = "ERROR", description } = check;
  return { name, passed, severity, blocking: known.blocking, ...(description ? { description } : {}) };
}
