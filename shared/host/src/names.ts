export { nearest } from "@kc/runtime/internal";
