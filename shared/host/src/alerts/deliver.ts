import type { AlertMessage, Clock, Delivery, Storage } from "@kc/runtime/internal";
import type { Verdict } from "./forms/form.ts";

/** Pauses (ms) between attempts: a service may be away for about an hour. */
const pauses = [2_000, 5_000, 15_000, 60_000, 300_000, 600_000, 900_000, 1_200_000];
const keptMs = 7 * 24 * 3_600_000;

export interface DeliveryContext {
  storage: Storage;
  clock: Clock;
  report(line: string): void;
}

/** Sends the body of a delivery; a channel that is gone from kc.yaml answers undefined. */
export type Send = (delivery: Delivery, now: number) => Promise<Verdict> | undefined;

/**
 * Sends what is due: channels beside each other, the messages of one channel in order. What a kill interrupts stays
 * pending and is sent again: at least once.
 * @param onFailed is called when a channel has given up on a message, or takes messages again.
 * @returns the instant at which the next attempt is due.
 */
export async function deliver(
  { storage, clock, report }: DeliveryContext,
  kind: Delivery["kind"],
  send: Send,
  onEnded: () => void,
): Promise<number | undefined> {
  const pending = await storage.listDeliveries({ kind, statuses: ["pending"], limit: 1_000 });
  const byChannel = Map.groupBy(pending, (delivery) => delivery.channel);
  let next: number | undefined;
  await Promise.all(
    [...byChannel].map(async ([channel, deliveries]) => {
      for (const delivery of deliveries) {
        const now = clock.now();
        // In order: what comes after waits for what came before.
        if (delivery.nextAt > now) {
          if (next === undefined || delivery.nextAt < next) next = delivery.nextAt;
          return;
        }
        const going = send(delivery, now);
        const attempts = delivery.attempts + 1;
        const verdict = going
          ? await going
          : { taken: false, retry: false, answer: `there is no channel "${channel}" in kc.yaml any more` };
        const at = clock.now();
        if (verdict.retry && !verdict.taken && attempts <= pauses.length) {
          const nextAt = at + Math.max(pauses[attempts - 1]!, verdict.afterMs ?? 0);
          await storage.updateDelivery(delivery.id, { attempts, nextAt, answer: verdict.answer });
          if (next === undefined || nextAt < next) next = nextAt;
          return;
        }
        await storage.updateDelivery(delivery.id, {
          status: verdict.taken ? "sent" : "failed",
          attempts,
          endedAt: at,
          answer: verdict.answer,
        });
        if (!verdict.taken) report(`${kind} channel ${channel}: gave up after ${attempts} attempts: ${verdict.answer}`);
        onEnded();
      }
    }),
  );
  if (pending.length === 1_000 && next === undefined) next = clock.now();
  await storage.pruneDeliveries(clock.now() - keptMs);
  return next;
}

export const messageOf = (delivery: Delivery): AlertMessage => JSON.parse(delivery.body) as AlertMessage;
