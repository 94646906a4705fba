import type { AlertMessage } from "@kc/runtime/internal";
import { bodyOf, factsOf, titleOf, type Verdict } from "./forms/form.ts";
import { oneLine, shorten } from "./forms/text.ts";
import type { ChannelOf } from "./settings.ts";

/** The letter as plain text: nothing in it can be markup. */
export function letterOf(channel: ChannelOf<"smtp">, message: AlertMessage) {
  const state = message.kind === "recovered" ? "Recovered" : message.severity === "error" ? "Error" : "Warning";
  const title = titleOf(message);
  const facts = factsOf(message).map(([name, value]) => `${name}: ${value}`);
  return {
    from: channel.from,
    to: [...new Set([...channel.to, ...message.to.emails])],
    subject: shorten(
      oneLine(
        message.kind === "recovered" || message.kind === "summary" || message.kind === "test"
          ? `[kc] ${title}`
          : `[kc] ${state}: ${title}`,
      ),
      200,
    ),
    text: [title, "", bodyOf(message), "", ...facts, ...(message.url ? ["", message.url] : [])]
      .join("\n")
      .replace(/\n{3,}/g, "\n\n"),
    headers: { "auto-submitted": "auto-generated", "x-kc-alert": Buffer.from(message.id).toString("base64url").slice(0, 300) },
  };
}

/** Sends a letter; TLS is demanded unless the channel says `none`. */
export async function sendLetter(channel: ChannelOf<"smtp">, message: AlertMessage, timeoutMs: number): Promise<Verdict> {
  const letter = letterOf(channel, message);
  // Only the owners' channel, and the owners have no address: nobody is to be told here.
  if (letter.to.length === 0) return { taken: true, retry: false, answer: "no addressee: the owners have no e-mail address" };
  const { createTransport } = await import("nodemailer");
  const transport = createTransport({
    host: channel.host,
    port: channel.port,
    secure: channel.security === "tls",
    requireTLS: channel.security === "starttls",
    ignoreTLS: channel.security === "none",
    ...(channel.user ? { auth: { user: channel.user, pass: channel.password ?? "" } } : {}),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    const sent = await transport.sendMail(letter);
    const refused = sent.rejected.map(String);
    return {
      taken: true,
      retry: false,
      answer: `${sent.response}${refused.length > 0 ? `; refused: ${refused.join(", ")}` : ""}`,
    };
  } catch (error) {
    const { message: text, code, responseCode } = error as Error & { code?: string; responseCode?: number };
    // 4xx means later, 5xx never (RFC 5321); a refused login will be refused again.
    const never = responseCode === undefined ? ["EAUTH", "EENVELOPE", "EMESSAGE"].includes(code ?? "") : responseCode >= 500;
    return { taken: false, retry: !never, answer: text };
  } finally {
    transport.close();
  }
}
