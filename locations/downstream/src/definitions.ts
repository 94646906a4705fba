import { automationSensor, defineLocation, freshnessSensor } from "@kc/runtime";
import { factVirtualCount } from "./assets/fact-virtual-count.ts";
import { virtualItemsOfMonth } from "./assets/virtual-items-of-month.ts";
import { hasRecords, usualCount } from "./checks.ts";

export default defineLocation({
  name: "downstream",
  assets: [factVirtualCount, virtualItemsOfMonth],
  checks: [hasRecords, usualCount],
  sensors: [
    automationSensor({
      name: "default_automation_sensor",
      description: "Writes the count as soon as the model is new",
      defaultStatus: "running",
    }),
    freshnessSensor({ name: "freshness_sensor", description: "Watches the count's freshness policy", defaultStatus: "running" }),
  ],
});
