import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readInstanceFile } from "../src/instance-file.ts";

const folder = mkdtempSync(join(tmpdir(), "kc-alert-settings-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "kc.yaml");
const env = { HOOK: "https://hooks.example.com/s3cret", TOKEN: "123:abc", SECRET: "0123456789abcdef" };
const read = (text: string) => {
  writeFileSync(file, text);
  return readInstanceFile(file, env).alerts;
};
/** The error of a kc.yaml: `line message`. */
const refused = (text: string): string => {
  try {
    read(text);
  } catch (error) {
    const { where, message } = error as { where?: string; message: string };
    return `${where?.replace(`${file}:`, "")} ${message}`;
  }
  throw new Error("it was accepted");
};
const channels = "alerts:\n  channels:\n    ops: { type: slack, url: env:HOOK }\n";
const rules = (text: string) => `${channels}  rules:\n    - ${text}\n`;

describe("alerts in kc.yaml", () => {
  test("absent, nothing is told; a rule has defaults", () => {
    expect(read("")).toEqual({ channels: {}, rules: [], teams: {} });
    expect(read(rules("{ name: r, on: [run_failed], channels: [ops], remind_every: 4h }")).rules[0]).toEqual({
      name: "r",
      on: ["run_failed"],
      severity: "warn",
      channels: ["ops"],
      owners: false,
      recovered: true,
      remind_every: 14_400_000,
    });
    expect(read(rules("{ name: r, on: [run_failed], channels: [ops] }")).channels.ops).toMatchObject({
      url: "https://hooks.example.com/s3cret",
      rate_limit: { max: 10, per: 60_000 },
    });
  });
  test.each([
    [
      "an unknown event",
      "{ name: r, on: [run_faild], channels: [ops] }",
      'there is no alert event "run_faild". Did you mean "run_failed"?',
    ],
    [
      "an unknown channel",
      "{ name: r, on: [run_failed], channels: [opz] }",
      'there is no channel "opz" under alerts.channels. Did you mean "ops"?',
    ],
    [
      "a selection that does not parse",
      '{ name: r, on: [asset_failed], channels: [ops], select: "group:" }',
      "alerts.rules.0.select",
    ],
    ["a field that is none", "{ name: r, on: [run_failed], channels: [ops], chanels: [ops] }", "chanels"],
    ["a rule without channels", "{ name: r, on: [run_failed], channels: [] }", "alerts.rules.0.channels"],
    ["a mute that is no instant", "{ name: r, on: [run_failed], channels: [ops], mute_until: tomorrow }", "is no instant"],
    [
      "a reminder that is no duration",
      "{ name: r, on: [run_failed], channels: [ops], remind_every: often }",
      "is not a duration",
    ],
    ["a name with spaces", "{ name: a b, on: [run_failed], channels: [ops] }", "may have letters"],
  ])("%s is refused with its line", (_, rule, message) => {
    expect(refused(rules(rule))).toMatch(/^5 /);
    expect(refused(rules(rule))).toContain(message);
  });
  test("the file of a mail server's authorities lies beside kc.yaml, and must be there", () => {
    const mail = (ca: string) => `alerts:\n  channels:\n    mail: { type: smtp, host: h, from: a@b.c, ca: ${ca} }\n`;
    expect(read(mail("kc.yaml")).channels.mail).toMatchObject({ ca: file });
    expect(refused(mail("certs/ca.pem"))).toBe(`3 alerts.channels.mail.ca: there is no file ${join(folder, "certs/ca.pem")}`);
  });
  test("two rules of one name are refused", () => {
    const one = "{ name: r, on: [run_failed], channels: [ops] }";
    expect(refused(`${rules(one)}    - ${one}\n`)).toBe('6 alerts.rules.1.name: two rules are named "r"');
  });
  test.each([
    ["{ type: slak, url: env:HOOK }", 'there is no channel type "slak". Did you mean "slack"?'],
    ["{ type: slack }", "alerts.channels.x.url"],
    ["{ type: slack, url: env:TOKEN }", "is no http(s) address"],
    ["{ type: telegram, token: env:HOOK, chat_id: 1 }", "is no bot token"],
    ["{ type: smtp, host: h, from: a@b.c, to: [nobody] }", "is no e-mail address"],
    ["{ type: smtp, host: h, from: a@b.c, security: maybe }", "alerts.channels.x.security"],
    ["{ type: webhook, url: 'ftp://x.y' }", "is no http(s) address"],
    ["{ type: slack, url: env:HOOK, colour: red }", "colour"],
  ])("the channel %s is refused with its line, and shows no secret", (channel, message) => {
    const said = refused(`alerts:\n  channels:\n    x: ${channel}\n`);
    expect(said).toMatch(/^3 /);
    expect(said).toContain(message);
    for (const secret of Object.values(env)) expect(said).not.toContain(secret);
  });
  test.each([
    ["{ type: slack, url: https://hooks.slack.com/services/x }", "alerts.channels.x.url"],
    ["{ type: telegram, token: 123:abc, chat_id: 1 }", "alerts.channels.x.token"],
    ["{ type: smtp, host: h, from: a@b.c, user: u, password: hunter2 }", "alerts.channels.x.password"],
    ["{ type: webhook, url: https://x.y, secret: 0123456789abcdef }", "alerts.channels.x.secret"],
  ])("a secret that stands in kc.yaml is refused: %s", (channel, field) => {
    const said = refused(`alerts:\n  channels:\n    x: ${channel}\n`);
    expect(said).toMatch(/^3 /);
    expect(said).toContain(`${field} is a secret`);
    expect(said).not.toMatch(/hunter2|123:abc|services|0123/);
  });
  test("a variable that is not set is named", () => {
    expect(refused("alerts:\n  channels:\n    x: { type: slack, url: env:NOT_SET }\n")).toContain(
      "unset environment variables: NOT_SET",
    );
  });
  test("team mentions are mentions", () => {
    expect(refused('alerts:\n  teams:\n    a: { slack_mention: "@here" }\n')).toContain("is no Slack mention");
    expect(refused('alerts:\n  teams:\n    a: { discord_mention: "@everyone" }\n')).toContain("is no Discord mention");
  });
});
