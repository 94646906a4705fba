import { anomalyCheck, rangeCheck } from "@kc/runtime";

const count = { asset: "downstream/fact_virtual_count", metadata: "record_count" };

/** An empty table upstream is a mistake that nobody should have to find in a report. */
export const hasRecords = rangeCheck({ ...count, name: "has_records", description: "The count is above zero", min: 1 });

/** A load that lost or doubled rows shows in the count before anybody complains. */
export const usualCount = anomalyCheck({ ...count, name: "usual_count", severity: "WARN" });
