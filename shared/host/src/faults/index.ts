export { randomOf } from "./random.ts";
export { type FaultOptions, type FaultReport, runFaults } from "./suite.ts";
export { faultLocations, faultSettings } from "./workload.ts";
