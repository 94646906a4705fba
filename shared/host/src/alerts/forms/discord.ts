import type { AlertMessage } from "@kc/runtime/internal";
import type { ChannelOf } from "../settings.ts";
import { bodyOf, factsOf, type HttpForm, mark, titleOf } from "./form.ts";
import { shortenEscaped } from "./text.ts";

// https://discord.com/developers/docs/resources/webhook#execute-webhook; an embed has a title of 256, a description of
// 4,096, a field of 1,024 and 6,000 characters in all, a message's content 2,000.

const escaped = (text: string): string => text.replace(/[\\*_~`|>[\]()#<@-]/g, "\\$&");
/** Nothing ends a code block but three backticks. */
const unfenced = (text: string): string => text.replace(/```/g, "`\u200b`\u200b`");
const colors = { error: 0xd32f2f, warn: 0xf9a825, good: 0x2e7d32 } as const;

/** Nobody is pinged but the owners whom kc.yaml names: `@everyone` in a name stays text. */
export function discordForm(channel: ChannelOf<"discord">, message: AlertMessage): HttpForm {
  const body = bodyOf(message);
  const mentions = message.to.discord;
  const ids = (pattern: RegExp) => mentions.flatMap((text) => pattern.exec(text)?.[1] ?? []).slice(0, 100);
  const embed = {
    title: shortenEscaped(`${mark(message)} ${titleOf(message)}`, 256, escaped),
    ...(body ? { description: `\`\`\`\n${shortenEscaped(body, 3_000, unfenced)}\n\`\`\`` } : {}),
    ...(message.url ? { url: encodeURI(message.url) } : {}),
    color: message.kind === "recovered" ? colors.good : colors[message.severity],
    timestamp: message.at,
    fields: factsOf(message)
      .filter(([name]) => name !== "at")
      .map(([name, value]) => ({ name, value: shortenEscaped(value, 350, escaped), inline: true })),
  };
  return {
    // `wait` makes Discord answer after it has stored the message, so that a success is one.
    url: `${channel.url}${channel.url.includes("?") ? "&" : "?"}wait=true`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      ...(mentions.length > 0 ? { content: mentions.join(" ").slice(0, 2_000) } : {}),
      embeds: [embed],
      allowed_mentions: { parse: [], users: ids(/^<@(\d+)>$/), roles: ids(/^<@&(\d+)>$/) },
    }),
  };
}
