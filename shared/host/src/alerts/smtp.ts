import { readFile } from "node:fs/promises";
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
  // Read each time: what is renewed counts without a restart.
  const ca = channel.ca === undefined ? undefined : await readFile(channel.ca, "utf8");
  const { createTransport } = await import("nodemailer");
  const transport = createTransport({
    host: channel.host,
    port: channel.port,
    secure: channel.security === "tls",
    requireTLS: channel.security === "starttls",
    ignoreTLS: channel.security === "none",
    ...(ca === undefined ? {} : { tls: { ca } }),
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
    const { message: text, code, responseCode } = error as SmtpError;
    // 4xx means later, 5xx never (RFC 5321); a refused login will be refused again.
    const never = responseCode === undefined ? ["EAUTH", "EENVELOPE", "EMESSAGE"].includes(code ?? "") : responseCode >= 500;
    return { taken: false, retry: !never, answer: tlsProblem(channel, error as SmtpError) ?? text };
  } finally {
    transport.close();
  }
}

type SmtpError = Error & { code?: string; originalCode?: string; responseCode?: number };

const nothingSent = "nothing was sent";

/** What keeps a server from being talked to over TLS, and what to do about it. */
function tlsProblem({ host, port, security, ca }: ChannelOf<"smtp">, error: SmtpError): string | undefined {
  const { code, originalCode = "", message } = error;
  if (code === "ETLS" && error.responseCode !== undefined)
    return `${host}:${port} offers no STARTTLS, which security: starttls demands; ${nothingSent}. A port that speaks TLS from the first byte (465) takes security: tls.`;
  if (originalCode === "ERR_SSL_WRONG_VERSION_NUMBER" && security === "tls")
    return `${host}:${port} speaks no TLS from the first byte; ${nothingSent}. A port that offers STARTTLS (587) takes security: starttls.`;
  if (originalCode === "ERR_TLS_CERT_ALTNAME_INVALID")
    return `the certificate is of another name than host ${host}; ${nothingSent}. ${message}`;
  if (originalCode === "CERT_HAS_EXPIRED") return `the certificate has expired; ${nothingSent}.`;
  if (/CERT|SIGNATURE|ISSUER|SELF_SIGNED/.test(originalCode))
    return `the certificate is not trusted: ${message.split(";")[0]}; ${nothingSent}. ${
      ca === undefined ? "ca: names the PEM file of an authority of your own" : `It is not vouched for by ${ca}`
    }.`;
  return undefined;
}
