import type { AlertMessage } from "@kc/runtime/internal";
import type { ChannelOf } from "../settings.ts";
import { bodyOf, factsOf, type HttpForm, mark, titleOf } from "./form.ts";
import { shortenEscaped } from "./text.ts";

// https://core.telegram.org/bots/api#sendmessage: 4,096 characters after entities are parsed; in HTML mode only & < >
// (and " in attributes) mean something. We count escaped characters, which are never fewer.

const escaped = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const attribute = (text: string): string => escaped(text).replace(/"/g, "&quot;");

export function telegramForm(channel: ChannelOf<"telegram">, message: AlertMessage): HttpForm {
  const facts = factsOf(message).map(([name, value]) => `${name}: ${shortenEscaped(value, 150, escaped)}`);
  const body = bodyOf(message);
  const text = [
    `${mark(message)} <b>${shortenEscaped(titleOf(message), 300, escaped)}</b>`,
    ...(body ? [`<pre>${shortenEscaped(body, 2_000, escaped)}</pre>`] : []),
    ...facts,
    ...(message.to.telegram.length > 0 ? [message.to.telegram.join(" ").slice(0, 200)] : []),
    ...(message.url ? [`<a href="${attribute(encodeURI(message.url)).slice(0, 500)}">Open in kc</a>`] : []),
  ].join("\n");
  return {
    url: `${channel.api.replace(/\/$/, "")}/bot${channel.token}/sendMessage`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      chat_id: channel.chat_id,
      text,
      parse_mode: "HTML",
      link_preview_options: { is_disabled: true },
    }),
  };
}
