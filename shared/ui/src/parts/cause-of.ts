interface Caused {
  tags: Record<string, string>;
}

/** Why a run came to be, in a few words. */
export function causeOf({ tags }: Caused): string {
  // A person asked for it again, whatever had asked for it first.
  if (tags["kc/rerun_of"]) return `re-execution of ${tags["kc/rerun_of"]}`;
  if (tags["kc/backfill"]) return `backfill ${tags["kc/backfill"]}`;
  if (tags["kc/schedule"]) return `schedule ${tags["kc/schedule"]}`;
  if (tags["kc/sensor"]) return `sensor ${tags["kc/sensor"]}`;
  if (tags["kc/automation"]) return "automation";
  if (tags["kc/job"]) return `job ${tags["kc/job"]}`;
  return "by hand";
}

/** The row of a timeline that a run belongs to: its job, else what brought it about. */
export function rowOf({ tags }: Caused): string {
  if (tags["kc/job"]) return `job ${tags["kc/job"]}`;
  if (tags["kc/backfill"]) return "backfills";
  return tags["kc/rerun_of"] ? "re-executions" : causeOf({ tags });
}
