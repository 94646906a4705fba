import { slingComponent } from "@kc/connector-replication";
import { defineLocation } from "@kc/runtime";
import { dltAssets } from "./assets/dlt.ts";
import { runDatabricksIngestionJob } from "./assets/run-databricks-ingestion-job.ts";
import { checks } from "./checks.ts";
import { csvFactVirtualSchedule, loadShop, loadShopSchedule } from "./schedules.ts";

// The Sling assets come from src/defs/*/defs.yaml.
export default defineLocation({
  name: "ingestion",
  components: [slingComponent],
  assets: [...dltAssets, runDatabricksIngestionJob],
  checks,
  jobs: [loadShop],
  schedules: [csvFactVirtualSchedule, loadShopSchedule],
});
