export { decisivePartitions, type InstanceState, type SeededPartitions } from "./seed.ts";
export { simulationSettings } from "./settings.ts";
export { type SimulateOptions, simulate } from "./simulate.ts";
