// Durations for commands, without the rest of the runtime.
export { durationMs, formatDuration } from "@kc/runtime/internal";
