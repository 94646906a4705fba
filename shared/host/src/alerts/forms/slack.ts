import type { AlertMessage } from "@kc/runtime/internal";
import type { ChannelOf } from "../settings.ts";
import { bodyOf, factsOf, type HttpForm, mark, titleOf } from "./form.ts";
import { shortenEscaped } from "./text.ts";

// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and .../reference/block-kit/blocks:
// header 150 characters, section and context text 3,000 (we stay at 2,900), the three control characters escaped.

const escaped = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const plain = (text: string, max: number) => ({ type: "plain_text", text: shortenEscaped(text, max, escaped), emoji: false });

/** Names and errors stand in plain text, where neither *bold* nor <!channel> means anything; only mentions and our link are mrkdwn. */
export function slackForm(channel: ChannelOf<"slack">, message: AlertMessage): HttpForm {
  const title = `${mark(message)} ${titleOf(message)}`;
  const body = bodyOf(message);
  const facts = factsOf(message).map(([name, value]) => `${name}: ${value}`);
  const link = message.url ? `<${escaped(encodeURI(message.url))}|Open in kc>` : "";
  const marked = [message.to.slack.join(" "), link].filter(Boolean).join("  ");
  const blocks = [
    { type: "header", text: plain(title, 150) },
    ...(body ? [{ type: "section", text: plain(body, 2_900) }] : []),
    ...(facts.length > 0 ? [{ type: "context", elements: [plain(facts.join("  ·  "), 2_900)] }] : []),
    ...(marked ? [{ type: "section", text: { type: "mrkdwn", text: marked } }] : []),
  ];
  return {
    url: channel.url,
    headers: { "content-type": "application/json" },
    // `text` is what notifications show; blocks alone would have none.
    body: JSON.stringify({ text: shortenEscaped(title, 300, escaped), blocks, unfurl_links: false, unfurl_media: false }),
  };
}
