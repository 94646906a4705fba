import { createHmac } from "node:crypto";
import type { AlertMessage } from "@kc/runtime/internal";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sendMessage, withoutSecrets } from "../src/alerts/send.ts";
import { channel, message } from "./alert-message.ts";
import { httpSink, smtpSink } from "./alert-sink.ts";

let sink: Awaited<ReturnType<typeof httpSink>>;
beforeAll(async () => {
  sink = await httpSink();
});
afterAll(() => sink.close());
const now = Date.parse("2026-01-01T00:00:01Z");
const urlOf = () => `${sink.url}/hook/s3cret-part`;

/** What a service gets of a message. */
async function arrives(settings: Record<string, unknown>, more: Partial<AlertMessage> = {}) {
  sink.requests.length = 0;
  const verdict = await sendMessage(channel(settings), message(more), now);
  expect(verdict).toMatchObject({ taken: true, answer: "200 ok" });
  return sink.requests[0]!;
}
const hostile = {
  title: "Asset <!channel> *x* @everyone [a](http://evil.example) </b>\n`y`\u001b[31m failed",
  message: "```<script>alert(1)</script> @here & \u202e _z_ ".repeat(3),
};
const endless = { title: "t".repeat(5_000), message: "😀".repeat(50_000), assets: Array(500).fill("x".repeat(500)) as string[] };

describe("Slack", () => {
  const slack = () => ({ type: "slack", url: urlOf() });
  test("gets blocks: a header, the error, the facts, mentions and the link", async () => {
    const { body, headers } = await arrives(slack());
    expect(headers["content-type"]).toBe("application/json");
    expect(body).toMatchObject({
      text: "🔴 Asset shop/orders failed",
      blocks: [
        { type: "header", text: { type: "plain_text", text: "🔴 Asset shop/orders failed", emoji: false } },
        { type: "section", text: { type: "plain_text", text: "boom\nat orders.ts:3" } },
        { type: "context", elements: [{ type: "plain_text" }] },
        {
          type: "section",
          text: { type: "mrkdwn", text: "<!subteam^S0123>  <http://localhost:3000/assets/shop/orders|Open in kc>" },
        },
      ],
    });
    expect(body.blocks[2].elements[0].text).toContain("rule: nightly  ·  event: asset_failed  ·  location: shop");
  });
  test("names and errors mention nobody and link nowhere", async () => {
    const { body, text } = await arrives(slack(), hostile);
    expect(text).not.toContain("<!channel>");
    expect(text).not.toContain("<script>");
    expect(body.blocks[0].text.text).toContain("&lt;!channel&gt; *x*");
    expect(body.blocks[0].text.text).not.toMatch(/\p{Cc}/u);
    expect(body.blocks.filter((block: { text?: { type: string } }) => block.text?.type === "mrkdwn")).toHaveLength(1);
  });
  test("a long message is shortened with a notice to what Slack takes", async () => {
    const { body } = await arrives(slack(), { ...endless, message: "&".repeat(20_000) });
    expect(body.blocks[0].text.text.length).toBeLessThanOrEqual(150);
    expect(body.blocks[1].text.text.length).toBeLessThanOrEqual(3_000);
    expect(body.blocks[1].text.text).toMatch(/&amp;… \[20000 characters, shortened\]$/);
    expect(body.blocks[2].elements[0].text.length).toBeLessThanOrEqual(3_000);
  });
});

describe("Microsoft Teams", () => {
  const teams = () => ({ type: "teams", url: urlOf() });
  test("gets a message with an Adaptive Card, as its workflows take it", async () => {
    const { body } = await arrives(teams());
    expect(body).toMatchObject({
      type: "message",
      attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null }],
    });
    const card = body.attachments[0].content;
    expect(card).toMatchObject({ type: "AdaptiveCard", version: "1.4" });
    expect(card.body[0].inlines[0]).toMatchObject({ type: "TextRun", text: "🔴 Asset shop/orders failed", color: "attention" });
    expect(card.actions).toEqual([
      { type: "Action.OpenUrl", title: "Open in kc", url: "http://localhost:3000/assets/shop/orders" },
    ]);
  });
  test("every text is a text run, which knows no markdown", async () => {
    const { body } = await arrives(teams(), hostile);
    for (const block of body.attachments[0].content.body) {
      expect(block.type).toBe("RichTextBlock");
      for (const run of block.inlines) expect(run.type).toBe("TextRun");
    }
  });
  test("stays below 28 KB", async () => {
    expect(Buffer.byteLength((await arrives(teams(), endless)).text)).toBeLessThan(28_000);
  });
});

describe("Discord", () => {
  const discord = () => ({ type: "discord", url: urlOf() });
  test("gets an embed, waits for it to be stored, and pings the owners alone", async () => {
    const { body, path } = await arrives(discord());
    expect(path).toBe("/hook/s3cret-part?wait=true");
    expect(body.content).toBe("<@&42> <@7>");
    expect(body.allowed_mentions).toEqual({ parse: [], users: ["7"], roles: ["42"] });
    expect(body.embeds[0]).toMatchObject({
      title: "🔴 Asset shop/orders failed",
      description: "```\nboom\nat orders.ts:3\n```",
      color: 0xd32f2f,
      timestamp: "2026-01-01T00:00:00.000Z",
    });
  });
  test("names and errors are text: no everyone, no link, no end of the code block", async () => {
    const { body } = await arrives(discord(), { ...hostile, to: { emails: [], slack: [], discord: [], telegram: [] } });
    expect(body.content).toBeUndefined();
    expect(body.allowed_mentions).toEqual({ parse: [], users: [], roles: [] });
    expect(body.embeds[0].title).toContain("\\@everyone \\[a\\]\\(http");
    expect(body.embeds[0].description.slice(3, -3)).not.toContain("```");
  });
  test("stays within the limits of an embed", async () => {
    const embed = (await arrives(discord(), endless)).body.embeds[0];
    expect(embed.title.length).toBeLessThanOrEqual(256);
    expect(embed.description.length).toBeLessThanOrEqual(4_096);
    expect(embed.fields.length).toBeLessThanOrEqual(25);
    const all =
      embed.title + embed.description + embed.fields.map((f: { name: string; value: string }) => f.name + f.value).join("");
    expect(all.length).toBeLessThanOrEqual(6_000);
    for (const field of embed.fields) expect(field.value.length).toBeLessThanOrEqual(1_024);
  });
});

describe("Telegram", () => {
  const telegram = () => ({ type: "telegram", token: "123:abc-DEF", chat_id: -100, api: sink.url });
  test("gets sendMessage of the bot in HTML mode", async () => {
    const { body, path } = await arrives(telegram());
    expect(path).toBe("/bot123:abc-DEF/sendMessage");
    expect(body).toMatchObject({ chat_id: -100, parse_mode: "HTML", link_preview_options: { is_disabled: true } });
    expect(body.text).toContain("🔴 <b>Asset shop/orders failed</b>\n<pre>boom\nat orders.ts:3</pre>");
    expect(body.text).toContain("@shopteam");
  });
  test("only our own tags are tags", async () => {
    const { body } = await arrives(telegram(), hostile);
    expect([...body.text.matchAll(/<\/?(\w+)/g)].map((found: RegExpMatchArray) => found[1])).toEqual([
      "b",
      "b",
      "pre",
      "pre",
      "a",
      "a",
    ]);
    expect(body.text).toContain("&lt;script&gt;");
  });
  test("stays within 4,096 characters and cuts no tag", async () => {
    const { body } = await arrives(telegram(), { ...endless, message: "<".repeat(10_000) });
    expect(body.text.length).toBeLessThanOrEqual(4_096);
    expect(body.text.match(/<pre>/g)).toHaveLength(1);
    expect(body.text).toContain("</pre>");
  });
});

describe("a plain webhook", () => {
  const secret = "0123456789abcdef0123";
  test("gets the message as JSON with an id that stays, signed over time and body", async () => {
    const { body, headers, text } = await arrives({ type: "webhook", url: urlOf(), secret });
    expect(body).toMatchObject({
      version: 1,
      kind: "opened",
      rule: "nightly",
      event: "asset_failed",
      title: "Asset shop/orders failed",
    });
    expect(body.to).toBeUndefined();
    const [, time, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers["kc-signature"]))!;
    expect(time).toBe(String(now / 1_000));
    expect(signature).toBe(createHmac("sha256", secret).update(`${time}.${text}`).digest("hex"));
    expect(Buffer.from(String(headers["kc-delivery"]), "base64url").toString()).toBe(message().id);
  });
  test("has no signature without a secret, and no redirect is followed", async () => {
    expect((await arrives({ type: "webhook", url: urlOf() })).headers["kc-signature"]).toBeUndefined();
    const redirecting = await httpSink(() => ({ status: 302, headers: { location: sink.url } }));
    sink.requests.length = 0;
    const verdict = await sendMessage(channel({ type: "webhook", url: redirecting.url }), message(), now);
    expect(verdict).toMatchObject({ taken: false, retry: false });
    expect(sink.requests).toHaveLength(0);
    await redirecting.close();
  });
});

describe("e-mail", () => {
  const letter = (port: number, more: Record<string, unknown> = {}) =>
    channel({
      type: "smtp",
      host: "127.0.0.1",
      port,
      security: "none",
      from: "kc <kc@example.com>",
      to: ["ops@example.com"],
      ...more,
    });
  test("goes to the channel's addresses and the owners, as plain text, after a login", async () => {
    const smtp = await smtpSink({ password: "pa55-word" });
    const to = { ...message().to, emails: ["owner@example.com", "ops@example.com"] };
    const verdict = await sendMessage(letter(smtp.port, { user: "kc", password: "pa55-word" }), message({ to }), now);
    expect(verdict.taken).toBe(true);
    expect(smtp.letters).toHaveLength(1);
    expect(smtp.letters[0]).toMatchObject({ from: "kc@example.com", to: ["ops@example.com", "owner@example.com"], user: "kc" });
    expect(smtp.letters[0]!.text).toMatch(/^Subject: \[kc\] Error: Asset shop\/orders failed\r$/m);
    expect(smtp.letters[0]!.text).toContain("boom\r\nat orders.ts:3");
    expect(smtp.letters[0]!.text).toMatch(/^Auto-Submitted: auto-generated\r$/m);
    await smtp.close();
  });
  test("a title with line ends adds no header and no addressee", async () => {
    const smtp = await smtpSink();
    await sendMessage(letter(smtp.port), message({ title: "x\r\nBcc: evil@example.com\r\n\r\nbody" }), now);
    expect(smtp.letters[0]!.to).toEqual(["ops@example.com"]);
    expect(smtp.letters[0]!.text).not.toMatch(/^Bcc:/m);
    await smtp.close();
  });
  test("a refused login is final, and the password stands nowhere", async () => {
    const smtp = await smtpSink({ password: "right" });
    const verdict = await sendMessage(letter(smtp.port, { user: "kc", password: "wr0ng-secret" }), message(), now);
    expect(verdict).toMatchObject({ taken: false, retry: false });
    expect(verdict.answer).not.toContain("wr0ng-secret");
    await smtp.close();
  });
  test.each([
    [450, true],
    [550, false],
  ])("an addressee refused with %i is tried again: %s", async (code, retry) => {
    const smtp = await smtpSink({ refuse: () => code });
    expect(await sendMessage(letter(smtp.port), message(), now)).toMatchObject({ taken: false, retry });
    await smtp.close();
  });
});

describe("what a service answers", () => {
  test.each([
    [
      { status: 429, headers: { "retry-after": "7" } },
      { taken: false, retry: true, afterMs: 7_000 },
    ],
    [
      { status: 429, headers: { "retry-after": "Thu, 01 Jan 2026 00:00:31 GMT" } },
      { taken: false, retry: true, afterMs: 30_000 },
    ],
    [
      { status: 429, body: '{"retry_after": 1.5}' },
      { taken: false, retry: true, afterMs: 1_500 },
    ],
    [
      { status: 429, body: '{"ok":false,"parameters":{"retry_after":9}}' },
      { taken: false, retry: true, afterMs: 9_000 },
    ],
    [
      { status: 500, body: "oops" },
      { taken: false, retry: true, answer: "500 oops" },
    ],
    [
      { status: 404, body: "no_service" },
      { taken: false, retry: false, answer: "404 no_service" },
    ],
    ["drop" as const, { taken: false, retry: true }],
  ])("%j", async (said, expected) => {
    const service = await httpSink(() => said);
    expect(await sendMessage(channel({ type: "slack", url: service.url }), message(), now)).toMatchObject(expected);
    await service.close();
  });
  test("an answer that repeats the address or token shows neither", async () => {
    const service = await httpSink(({ path }) => ({ status: 400, body: `bad path ${path} on ${service.url}${path}` }));
    const { answer } = await sendMessage(channel({ type: "slack", url: `${service.url}/services/T0/B0/s3cret` }), message(), now);
    expect(answer).not.toContain("s3cret");
    const bot = channel({ type: "telegram", token: "123:abc", chat_id: "1", api: service.url });
    expect((await sendMessage(bot, message(), now)).answer).not.toContain("123:abc");
    await service.close();
    expect(withoutSecrets("a https%3A%2F%2Fx.y%2Fz b", ["https://x.y/z"])).toBe("a *** b");
  });
  test("an answer without end is not read to its end", async () => {
    const service = await httpSink(() => ({ status: 400, body: "x".repeat(5_000_000) }));
    const { answer } = await sendMessage(channel({ type: "slack", url: service.url }), message(), now);
    expect(answer.length).toBeLessThanOrEqual(500);
    await service.close();
  });
});
