// Test suites and builders for the packages that implement or use the runtime.
export { newRun, runEvent, storageContract } from "./storage-contract.testsuite.ts";
