import type { Tick } from "@kc/host/client";
import { Status } from "./status.tsx";
import { counted } from "./words.ts";

const statuses: Record<string, string> = { success: "succeeded", started: "running", skipped: "skipped", failed: "failed" };
const words: Record<string, string> = { success: "requested", started: "running", skipped: "skipped", failed: "failed" };

/** How a tick ended, as a dot with its time. */
export const TickDot = ({ tick }: { tick: Tick }) => (
  <Status value={statuses[tick.status] ?? tick.status} label={`${words[tick.status] ?? tick.status} ${tick.at}`} bare />
);

export const TickStatus = ({ tick }: { tick: Tick }) => (
  <Status value={statuses[tick.status] ?? tick.status} label={words[tick.status] ?? tick.status} />
);

/** Why a tick ended as it did, with what its code wrote. */
export function TickReason({ tick }: { tick: Tick }) {
  return (
    <>
      <span className={tick.error ? "problem-inline" : "dim"}>
        {tick.error ?? tick.skip}
        {tick.attempts > 0 && ` (failed ${counted(tick.attempts, "time")} before)`}
      </span>
      {tick.logs.length > 0 && (
        <details>
          <summary className="small">{counted(tick.logs.length, "line")}</summary>
          <pre>{tick.logs.map(({ level, message }) => `${level}: ${message}`).join("\n")}</pre>
        </details>
      )}
    </>
  );
}
