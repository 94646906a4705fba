import type { AlertsInfo, Asset, Tick, WorkspaceInfo } from "@kc/host/client";

/** Schedules and sensors whose latest tick failed. */
export function failedTicks(ticks: readonly Tick[]): Tick[] {
  const latest = new Map<string, Tick>();
  for (const tick of ticks) {
    const key = `${tick.type} ${tick.location} ${tick.name}`;
    if (tick.status !== "started" && !latest.has(key)) latest.set(key, tick);
  }
  return [...latest.values()].filter((tick) => tick.status === "failed");
}

export const failingChecks = (assets: readonly Asset[]) =>
  assets.flatMap((asset) =>
    asset.checks.flatMap((check) =>
      check.result && !check.result.passed ? [{ asset: asset.key, check, result: check.result }] : [],
    ),
  );

export const lateAssets = (assets: readonly Asset[]): Asset[] =>
  assets
    .filter((asset) => asset.freshness === "warn" || asset.freshness === "fail")
    .sort((a, b) => Number(b.freshness === "fail") - Number(a.freshness === "fail"));

/** Assets that are not as they should be because they were not made: checks and freshness are told by themselves. */
export const brokenAssets = (assets: readonly Asset[]) =>
  assets.flatMap((asset) => {
    const reason = asset.healthReasons.find(
      ({ of, status }) => of === "materialization" && (status === "degraded" || status === "warning"),
    );
    return reason ? [{ asset, text: reason.text, status: reason.status }] : [];
  });

/** What is wrong with the platform itself. */
export function platformProblems(
  workspace: WorkspaceInfo | undefined,
  alerts: AlertsInfo | undefined,
): { name: string; text: string }[] {
  return [
    ...(workspace?.locations ?? []).flatMap((location) =>
      location.error ? [{ name: `location ${location.name}`, text: location.error.message }] : [],
    ),
    ...(workspace?.daemons ?? []).flatMap((daemon) =>
      daemon.error ? [{ name: `daemon ${daemon.name}`, text: daemon.error }] : [],
    ),
    ...(alerts?.channels ?? []).flatMap((channel) =>
      channel.failing === null ? [] : [{ name: `alert channel ${channel.name}`, text: channel.failing }],
    ),
  ];
}
