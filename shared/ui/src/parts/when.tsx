import type { Instigator } from "@kc/host/client";
import { span } from "./time.tsx";
import { instigatorWords } from "./words.ts";

/** When a schedule or sensor ticks, in a few words. */
export function When({ item }: { item: Pick<Instigator, "cron" | "timezone" | "intervalMs" | "kind"> }) {
  if (item.cron)
    return (
      <>
        <code className="nowrap">{item.cron}</code>
        {item.timezone && item.timezone !== "UTC" && <span className="dim"> {item.timezone}</span>}
      </>
    );
  return <>{item.intervalMs ? `every ${span(item.intervalMs)}` : instigatorWords[item.kind].when}</>;
}
