import { type AlertMessage, errorText } from "@kc/runtime/internal";
import { discordForm } from "./forms/discord.ts";
import { type HttpForm, retryAfterMs, type Verdict } from "./forms/form.ts";
import { slackForm } from "./forms/slack.ts";
import { teamsForm } from "./forms/teams.ts";
import { telegramForm } from "./forms/telegram.ts";
import { shorten } from "./forms/text.ts";
import { webhookForm } from "./forms/webhook.ts";
import { type ChannelSettings, secretsOf } from "./settings.ts";
import { sendLetter } from "./smtp.ts";

/** How long (ms) a service may take to answer. */
const timeoutMs = 15_000;

/** Sends a message once. Never throws, and nothing it answers holds a secret of the channel. */
export async function sendMessage(channel: ChannelSettings, message: AlertMessage, now: number): Promise<Verdict> {
  const verdict =
    channel.type === "smtp"
      ? await sendLetter(channel, message, timeoutMs).catch(broken)
      : await post(formOf(channel, message, now), now);
  return { ...verdict, answer: shorten(withoutSecrets(verdict.answer, secretsOf(channel)), 500) };
}

function formOf(channel: Exclude<ChannelSettings, { type: "smtp" }>, message: AlertMessage, now: number): HttpForm {
  switch (channel.type) {
    case "slack":
      return slackForm(channel, message);
    case "teams":
      return teamsForm(channel, message);
    case "discord":
      return discordForm(channel, message);
    case "telegram":
      return telegramForm(channel, message);
    case "webhook":
      return webhookForm(channel, message, now);
  }
}

/** Posts and judges the answer: 2xx taken; 408, 425, 429, 5xx and broken connections may work later; the rest never. */
export async function post(form: HttpForm, now: number): Promise<Verdict> {
  try {
    const response = await fetch(form.url, {
      method: "POST",
      headers: { ...form.headers, "user-agent": "kc" },
      body: form.body,
      // A redirect would carry the message to an address that nobody configured.
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await limited(response);
    const answer = `${response.status}${text ? ` ${text}` : ""}`;
    if (response.ok) return { taken: true, retry: false, answer };
    const retry = [408, 425, 429].includes(response.status) || response.status >= 500;
    const afterMs = retry ? (retryAfterMs(response.headers.get("retry-after"), now) ?? retryInBody(text)) : undefined;
    return { taken: false, retry, answer, ...(afterMs === undefined ? {} : { afterMs }) };
  } catch (error) {
    return broken(error);
  }
}

function broken(error: unknown): Verdict {
  const cause = (error as { cause?: unknown }).cause;
  return { taken: false, retry: true, answer: cause ? `${errorText(error)}: ${errorText(cause)}` : errorText(error) };
}

/** The beginning of an answer: a service, or whoever stands in for it, may send without end. */
async function limited(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > 4_000) break;
  }
  return text.slice(0, 4_000);
}

/** Telegram tells the wait in parameters.retry_after, Discord in retry_after: both seconds. */
function retryInBody(text: string): number | undefined {
  try {
    const body = JSON.parse(text) as { retry_after?: number; parameters?: { retry_after?: number } };
    const seconds = body.parameters?.retry_after ?? body.retry_after;
    return typeof seconds === "number" && seconds >= 0 ? Math.min(seconds * 1_000, 3_600_000) : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces secrets, and of an address also its path and query, wherever a service repeats them. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  let out = text;
  for (const secret of secrets) {
    const url = URL.canParse(secret) ? new URL(secret) : undefined;
    const parts = url?.protocol.startsWith("http") ? [secret, url.pathname + url.search, url.pathname] : [secret];
    for (const part of [...parts, ...parts.map(encodeURIComponent)]) if (part.length > 3) out = out.replaceAll(part, "***");
  }
  return out;
}
