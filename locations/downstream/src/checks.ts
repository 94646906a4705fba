import { assetCheck } from "@kc/runtime";

/** An empty table upstream is a mistake that nobody should have to find in a report. */
export const hasRecords = assetCheck({
  asset: "downstream/fact_virtual_count",
  name: "has_records",
  description: "The count is above zero",
  run: ({ upstream }) => {
    const count = Number(upstream[0]!.metadata.record_count);
    return { passed: count > 0, metadata: { record_count: count } };
  },
});
