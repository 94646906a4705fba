import type { RunRetryPolicy } from "@kc/runtime/internal";
import { deliver, messageOf } from "../alerts/deliver.ts";
import { sendMessage } from "../alerts/send.ts";
import type { AlertsSettings } from "../alerts/settings.ts";
import { beginAlerts, tickAlerts } from "./alerts.ts";
import type { DaemonContext } from "./context.ts";
import type { LastTicks } from "./last-ticks.ts";
import type { Loop } from "./loop.ts";
import { loopProblem } from "./loop-health.ts";

/** How often (ms) alerts look at the daemon's loops: their silence is no event. */
const watchMs = 15_000;

/** The loop that decides what to tell, and the one that tells it. */
export function alertLoops(params: {
  context: DaemonContext;
  settings: AlertsSettings;
  retries: RunRetryPolicy;
  start(name: string, tick: () => Promise<number | undefined>): Loop;
  deciding(tick: () => Promise<number | undefined>): () => Promise<number | undefined>;
  loops(): readonly Loop[];
  lastTicks: LastTicks["all"];
}): { alerts: Loop; deliveries: Loop } {
  const { context, settings, start } = params;
  const watchesLoops = settings.rules.some((rule) => rule.on.includes("daemon_unhealthy") || rule.on.includes("tick_failed"));
  const look = params.deciding(async () => {
    const next = await tickAlerts(context, {
      settings,
      retries: params.retries,
      daemons: (now) => new Map(params.loops().map((loop) => [loop.name, loopProblem(loop, now)])),
      automationError: () =>
        params
          .loops()
          .find((loop) => loop.name === "automation")
          ?.heartbeat().error,
      lastTicks: params.lastTicks,
      deliver: () => deliveries.wake(),
    });
    const watch = watchesLoops ? context.clock.now() + watchMs : undefined;
    return next === undefined ? watch : Math.min(next, watch ?? next);
  });
  const alerts: Loop = start("alerts", async () => {
    // Also while nobody wants decisions: what happens from the start on is news to whoever wants them next.
    await beginAlerts(context, settings);
    return look();
  });
  const deliveries: Loop = start("deliveries", () =>
    deliver(
      context,
      "alert",
      (delivery, now) => {
        const channel = settings.channels[delivery.channel];
        return channel && sendMessage(channel, messageOf(delivery), now);
      },
      () => alerts.wake(),
    ),
  );
  return { alerts, deliveries };
}
