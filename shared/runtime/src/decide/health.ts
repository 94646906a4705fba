import type { FreshnessState } from "../event.ts";
import type { AssetNode } from "../graph.ts";
import type { CheckCounts, PartitionedChecks } from "../partition/check-status.ts";
import type { AssetState } from "../storage.ts";

export const healthStatuses = ["healthy", "warning", "degraded", "unknown"] as const;
export type HealthStatus = (typeof healthStatuses)[number];

/** One part of an asset's health and what it says. */
export interface HealthReason {
  of: "materialization" | "freshness" | "checks";
  status: HealthStatus;
  text: string;
}

export interface Health {
  status: HealthStatus;
  /** Every part that says something, the worst first. */
  reasons: HealthReason[];
}

export interface HealthInput {
  node: Pick<AssetNode, "checks" | "partitions" | "external">;
  state: AssetState | undefined;
  /** Undefined without a policy. */
  freshness: FreshnessState | undefined;
  /** Of a partitioned asset: how many partitions are made, and the latest try of how many failed. */
  partitions?: { made: number; failed: number } | undefined;
  /** Of a partitioned asset: what its checks say of which partitions. */
  checks?: PartitionedChecks | undefined;
}

const rank: Record<HealthStatus, number> = { degraded: 3, warning: 2, healthy: 1, unknown: 0 };

/**
 * The health of an asset: the worst of its latest materialization, its freshness and its checks; unknown when nothing is
 * known. One failing partition is a warning, more than one degrade, for materializations and checks alike. A materialization that is reported after a failure
 * clears it, and so does wiping. Pure.
 */
export function assetHealth(input: HealthInput): Health {
  const reasons = [materialization(input), freshness(input), checks(input)].filter((one) => one !== undefined);
  reasons.sort((a, b) => rank[b.status] - rank[a.status]);
  return { status: reasons[0]?.status ?? "unknown", reasons };
}

function materialization({ node, state, partitions }: HealthInput): HealthReason | undefined {
  const of = "materialization";
  if (node.partitions && partitions) {
    const { made, failed } = partitions;
    if (failed > 1) return { of, status: "degraded", text: `the latest try of ${failed} partitions failed` };
    if (failed === 1) return { of, status: "warning", text: "the latest try of 1 partition failed" };
    return made > 0 ? { of, status: "healthy", text: `${made} partitions are made, none fails` } : never(node);
  }
  const last = state?.last;
  const made = state?.materialization;
  const clearedByHand = last && made && made.runId === null && made.at >= last.at;
  if (last?.status === "failed" && !clearedByHand) return { of, status: "degraded", text: `its last run ${last.runId} failed` };
  return made ? { of, status: "healthy", text: "its latest materialization succeeded" } : never(node);
}

const never = ({ external }: HealthInput["node"]): HealthReason => ({
  of: "materialization",
  status: "unknown",
  text: external ? "no materialization was reported" : "it was never materialized",
});

function freshness({ freshness }: HealthInput): HealthReason | undefined {
  const of = "freshness";
  switch (freshness) {
    case "fail":
      return { of, status: "degraded", text: "it is older than its freshness policy allows" };
    case "warn":
      return { of, status: "warning", text: "it is about to be older than its freshness policy allows" };
    case "fresh":
      return { of, status: "healthy", text: "it is fresh" };
    case "unknown":
      return { of, status: "unknown", text: "its freshness is unknown" };
    default:
      return undefined;
  }
}

function checks({ node, state, checks }: HealthInput): HealthReason | undefined {
  if (node.checks.length === 0) return undefined;
  const of = "checks";
  if (node.partitions && checks) return partitionedChecks(node, checks);
  const results = node.checks.flatMap(({ name }) => {
    const result = state?.checks[name];
    return result ? [{ name, ...result }] : [];
  });
  const names = (list: readonly { name: string }[]) =>
    `${list
      .slice(0, 5)
      .map(({ name }) => name)
      .join(", ")}${list.length > 5 ? `, and ${list.length - 5} more` : ""}`;
  const bad = results.filter((one) => !one.passed && one.severity === "ERROR");
  if (bad.length > 0) return { of, status: "degraded", text: `checks failed: ${names(bad)}` };
  const mild = results.filter((one) => !one.passed);
  if (mild.length > 0) return { of, status: "warning", text: `checks warn: ${names(mild)}` };
  if (results.length === 0) return { of, status: "unknown", text: "its checks never ran" };
  return { of, status: "healthy", text: `${results.length} of ${node.checks.length} checks passed, none failed` };
}

/** As of materializations: one partition that fails is a warning, more degrade, and so does a failure of the whole. */
function partitionedChecks({ checks }: HealthInput["node"], { byName, failed, warned }: PartitionedChecks): HealthReason {
  const of = "checks";
  const known = [...byName];
  const some = (list: readonly string[]) => `${list.slice(0, 5).join(", ")}${list.length > 5 ? ", …" : ""}`;
  const names = (isBad: (counts: CheckCounts) => boolean) => some(known.filter(([, one]) => isBad(one)).map(([name]) => name));
  const partitions = ({ count, texts }: PartitionedChecks["failed"]) =>
    `${count} partition${count === 1 ? "" : "s"} (${some(texts)})`;
  const whole = (severity: "WARN" | "ERROR") => names((one) => one.whole?.severity === severity);
  if (whole("ERROR")) return { of, status: "degraded", text: `checks of the whole asset failed: ${whole("ERROR")}` };
  if (failed.count > 0) {
    const text = `checks failed for ${partitions(failed)}: ${names((one) => one.failed > 0)}`;
    return { of, status: failed.count > 1 ? "degraded" : "warning", text };
  }
  if (whole("WARN")) return { of, status: "warning", text: `checks of the whole asset warn: ${whole("WARN")}` };
  if (warned.count > 0)
    return { of, status: "warning", text: `checks warn for ${partitions(warned)}: ${names((one) => one.warned > 0)}` };
  if (known.length === 0) return { of, status: "unknown", text: "its checks never ran" };
  return { of, status: "healthy", text: `${known.length} of ${checks.length} checks ran, none fails for any partition` };
}
