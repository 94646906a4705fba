import { createHmac } from "node:crypto";
import type { AlertMessage } from "@kc/runtime/internal";
import type { ChannelOf } from "../settings.ts";
import type { HttpForm } from "./form.ts";
import { clean, shorten } from "./text.ts";

/**
 * The message as JSON (schema: `AlertMessage` without `to`, and `version: 1`). With a secret, `kc-signature` is
 * `t=<seconds>,v1=<hex HMAC-SHA256 of "<seconds>.<body>">`: a receiver checks both, and refuses old times.
 */
export function webhookForm(channel: ChannelOf<"webhook">, message: AlertMessage, now: number): HttpForm {
  const { to: _, ...told } = message;
  const body = JSON.stringify({ version: 1, ...told, message: shorten(clean(told.message), 4_000) });
  const seconds = Math.floor(now / 1_000);
  const signature = channel.secret
    ? { "kc-signature": `t=${seconds},v1=${createHmac("sha256", channel.secret).update(`${seconds}.${body}`).digest("hex")}` }
    : {};
  return {
    url: channel.url,
    // The same message has the same id at every attempt, so that a receiver can leave out what it has.
    headers: {
      "content-type": "application/json",
      "kc-delivery": Buffer.from(message.id).toString("base64url").slice(0, 512),
      ...signature,
    },
    body,
  };
}
