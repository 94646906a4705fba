import { cloudWorkspace } from "@kc/connector-dbt";
import { automationSensor, defineLocation, freshnessSensor } from "@kc/runtime";

// The models come from dbt Cloud, by src/defs/dbt_cloud/defs.yaml.
export default defineLocation({
  name: "dbt",
  components: [cloudWorkspace],
  sensors: [
    automationSensor({
      name: "default_automation_sensor",
      description: "Builds models as soon as what they read is new",
      defaultStatus: "running",
    }),
    freshnessSensor({
      name: "freshness_sensor",
      description: "Watches the models' freshness policies",
      defaultStatus: "running",
    }),
  ],
});
