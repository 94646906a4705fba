import { type AlertMessage, type RunRetryPolicy, UserError } from "@kc/runtime/internal";
import { messageOf } from "../alerts/deliver.ts";
import { alertsSchema } from "../alerts/settings.ts";
import { tickAlerts } from "../daemon/alerts.ts";
import type { DaemonContext } from "../daemon/context.ts";
import type { LastTicks } from "../daemon/last-ticks.ts";

/** A message that a channel would have got. */
export interface SimulatedAlert {
  channel: string;
  message: AlertMessage;
}

/**
 * The daemon's own alert decisions in a simulation; messages are recorded where they would be sent.
 * @throws UserError when the settings are wrong.
 */
export function simulatedAlerts(context: DaemonContext, settings: unknown, retries: RunRetryPolicy, lastTicks: LastTicks["all"]) {
  const parsed = alertsSchema.safeParse(settings ?? {});
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new UserError(`alerts.${issue.path.join(".")}: ${issue.message}`);
  }
  const told: SimulatedAlert[] = [];
  return {
    tick: () =>
      tickAlerts(context, {
        settings: parsed.data,
        retries,
        daemons: () => new Map(),
        automationError: () => undefined,
        lastTicks,
        deliver: () => {},
      }),
    /** Takes what was decided; to the channels it looks as if it had been taken. */
    async collect(): Promise<void> {
      for (;;) {
        const pending = await context.storage.listDeliveries({ statuses: ["pending"], limit: 1_000 });
        for (const delivery of pending) {
          told.push({ channel: delivery.channel, message: messageOf(delivery) });
          await context.storage.updateDelivery(delivery.id, {
            status: "sent",
            attempts: 1,
            endedAt: context.clock.now(),
            answer: "simulated",
          });
        }
        if (pending.length === 0) return;
      }
    },
    told,
  };
}
