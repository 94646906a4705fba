import { afterAll, beforeAll, expect, test } from "vitest";
import { sendMessage } from "../src/alerts/send.ts";
import { channel, message } from "./alert-message.ts";
import { smtpSink } from "./alert-sink.ts";
import { testAuthority } from "./certificates.ts";

// Letters over TLS. Whatever goes wrong, neither the letter nor the password leaves in the clear.

let authority: Awaited<ReturnType<typeof testAuthority>>;
let other: Awaited<ReturnType<typeof testAuthority>>;
beforeAll(async () => {
  [authority, other] = await Promise.all([testAuthority(), testAuthority()]);
});
afterAll(() => {
  authority.remove();
  other.remove();
});

const now = Date.parse("2026-01-01T00:00:01Z");
const password = "pa55-w0rd-of-the-relay";
type Security = "tls" | "starttls";
const send = (port: number, security: Security, more: Record<string, unknown> = {}) => {
  const login = { user: "kc", password, from: "kc <kc@example.com>", to: ["ops@example.com"] };
  return sendMessage(channel({ type: "smtp", host: "127.0.0.1", port, security, ...login, ...more }), message(), now);
};
/** The password as SMTP's logins write it. */
const spellings = [password, Buffer.from(password).toString("base64"), Buffer.from(`\0kc\0${password}`).toString("base64")];

test.each<Security>(["starttls", "tls"])("%s delivers to a server that the channel's authority vouches for", async (security) => {
  const smtp = await smtpSink({ security, password, certificate: await authority.certificate() });
  const verdict = await send(smtp.port, security, { ca: authority.file });
  expect(verdict).toMatchObject({ taken: true });
  expect(smtp.letters).toMatchObject([{ to: ["ops@example.com"], user: "kc", secure: true }]);
  expect(smtp.letters[0]!.text).toContain("boom");
  for (const text of [...spellings, "boom", "ops@example.com"]) expect(smtp.wire()).not.toContain(text);
  await smtp.close();
});

test.each<[string, Security, () => Promise<object>, RegExp]>([
  ["that nobody vouches for", "starttls", async () => ({}), /certificate is not trusted.*ca: names/],
  ["that nobody vouches for", "tls", async () => ({}), /certificate is not trusted.*ca: names/],
  ["of another authority", "starttls", async () => ({ ca: other.file }), /certificate is not trusted/],
  [
    "of another host",
    "tls",
    async () => ({ ca: authority.file, certificate: await authority.certificate({ ip: "127.0.0.9" }) }),
    /certificate is of another name than host 127\.0\.0\.1/,
  ],
  [
    "that has expired",
    "starttls",
    async () => ({ ca: authority.file, certificate: await authority.certificate({ notAfter: new Date("2026-01-02") }) }),
    /certificate has expired/,
  ],
])("a certificate %s is refused (%s), and says what to do", async (_, security, given, answer) => {
  const { certificate = await authority.certificate(), ...more } = (await given()) as { certificate?: never };
  const smtp = await smtpSink({ security, password, certificate });
  const verdict = await send(smtp.port, security, more);
  expect(verdict).toMatchObject({ taken: false, answer: expect.stringMatching(answer) });
  expect(smtp.letters).toEqual([]);
  for (const text of [...spellings, "AUTH", "MAIL FROM"]) expect(smtp.wire()).not.toContain(text);
  await smtp.close();
});

test("a server that offers no STARTTLS, or somebody who takes the offer away, gets neither login nor letter", async () => {
  const smtp = await smtpSink({ password });
  const verdict = await send(smtp.port, "starttls");
  expect(verdict).toMatchObject({ taken: false, answer: expect.stringMatching(/offers no STARTTLS.*nothing was sent/) });
  expect(smtp.letters).toEqual([]);
  expect(smtp.wire()).toMatch(/EHLO/);
  for (const text of [...spellings, "AUTH", "MAIL FROM"]) expect(smtp.wire()).not.toContain(text);
  await smtp.close();
});

test("TLS from the first byte where the server speaks none is refused by name", async () => {
  const smtp = await smtpSink({ security: "starttls", password, certificate: await authority.certificate() });
  const verdict = await send(smtp.port, "tls", { ca: authority.file });
  expect(verdict).toMatchObject({ taken: false, answer: expect.stringMatching(/speaks no TLS.*security: starttls/) });
  for (const text of spellings) expect(smtp.wire()).not.toContain(text);
  await smtp.close();
});

test("a file of authorities that is gone is told by its name", async () => {
  const verdict = await send(1, "tls", { ca: "/nowhere/ca.pem" });
  expect(verdict).toMatchObject({ taken: false, answer: expect.stringContaining("/nowhere/ca.pem") });
});
