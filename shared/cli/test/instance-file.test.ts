import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { instanceFileProblems } from "../src/instance-file.ts";

const root = mkdtempSync(join(tmpdir(), "kc-cli-instance-file-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const problems = async (text: string, env: Record<string, string> = {}) => {
  writeFileSync(join(root, "kc.yaml"), text);
  return (await instanceFileProblems({ root, env })).map(({ where, message }) => `${where} ${message}`);
};

test("all that is wrong in kc.yaml is told at once, each with its line and the nearest name", async () => {
  expect(
    await problems(
      [
        "runs:",
        "  max_concurent: 3",
        "alerts:",
        "  channels:",
        "    ops: { type: slack, url: https://hooks.example.com/s3cret }",
        "    hook: { type: webhook, url: env:HOOK, secret: env:SHORT, ulr: x }",
        "  rules:",
        "    - { name: a, on: [run_faild], channels: [opz] }",
        "    - { name: b, on: [run_failed], channels: [hok], chanels: [] }",
        "storage: { sqlit: {} }",
        "daemon: { lease_ttl: env:UNSET }",
      ].join("\n"),
      { HOOK: "https://example.com", SHORT: "abc" },
    ),
  ).toEqual([
    "kc.yaml:5 alerts.channels.ops.url is a secret: kc.yaml names the variable that has it, as in url: env:NAME",
    "kc.yaml:11 unset environment variables: UNSET",
    'kc.yaml:10 storage.sqlit: there is no such setting. Did you mean "sqlite"?',
    'kc.yaml:2 runs.max_concurent: there is no such setting. Did you mean "max_concurrent"?',
    "kc.yaml:6 alerts.channels.hook.secret: is too short for a secret: at least 16 characters",
    'kc.yaml:6 alerts.channels.hook.ulr: there is no such setting. Did you mean "url"?',
    expect.stringMatching(/^kc.yaml:8 alerts.rules.0.on.0: there is no alert event "run_faild". Did you mean "run_failed"?/),
    'kc.yaml:9 alerts.rules.1.chanels: there is no such setting. Did you mean "channels"?',
    'kc.yaml:8 alerts.rules.0.channels.0: there is no channel "opz" under alerts.channels. Did you mean "ops"?',
    'kc.yaml:9 alerts.rules.1.channels.0: there is no channel "hok" under alerts.channels. Did you mean "hook"?',
  ]);
});

test("a kc.yaml that is right, and one that is no YAML", async () => {
  expect(await problems("runs: { max_concurrent: 3 }\n")).toEqual([]);
  expect(await problems("runs: [\n")).toEqual([expect.stringMatching(/^kc\.yaml:[12] /)]);
});
