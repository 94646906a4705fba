// Everything that makes and changes conditions: what locations see as `automation`.
export * from "./automation.ts";
export { allow, ignore, replace, without } from "./automation-change.ts";
