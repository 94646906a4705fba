export { type StartOptions, startDbtCloud } from "./start.ts";
