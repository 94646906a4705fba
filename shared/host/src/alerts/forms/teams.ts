import type { AlertMessage } from "@kc/runtime/internal";
import type { ChannelOf } from "../settings.ts";
import { bodyOf, factsOf, type HttpForm, mark, titleOf } from "./form.ts";
import { shorten } from "./text.ts";

// The workflow trigger "When a Teams webhook request is received" takes a message with Adaptive Cards and answers 202; the
// connector webhooks of Office 365 were retired. A message may have about 28 KB, HTML and mentions included.

/** Text runs know no markdown, so a name can be no link and no mention. */
const line = (text: string, more: Record<string, unknown> = {}) => ({
  type: "RichTextBlock",
  inlines: [{ type: "TextRun", text, ...more }],
});

export function teamsForm(channel: ChannelOf<"teams">, message: AlertMessage): HttpForm {
  const color = message.kind === "recovered" ? "good" : message.severity === "error" ? "attention" : "warning";
  const body = bodyOf(message);
  const card = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    msteams: { width: "Full" },
    body: [
      line(shorten(`${mark(message)} ${titleOf(message)}`, 500), { weight: "bolder", size: "large", color }),
      ...(body ? [line(shorten(body, 4_000), { fontType: "monospace" })] : []),
      ...factsOf(message).map(([name, value]) => line(`${name}: ${value}`, { isSubtle: true, size: "small" })),
    ],
    ...(message.url ? { actions: [{ type: "Action.OpenUrl", title: "Open in kc", url: message.url }] } : {}),
  };
  return {
    url: channel.url,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      type: "message",
      attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null, content: card }],
    }),
  };
}
