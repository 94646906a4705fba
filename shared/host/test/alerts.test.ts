import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSqlite } from "@kc/storage/sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { deliver, messageOf } from "../src/alerts/deliver.ts";
import { sendMessage } from "../src/alerts/send.ts";
import { virtualClock } from "../src/simulate/virtual-clock.ts";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { channel, message } from "./alert-message.ts";
import { httpSink, type SinkAnswer } from "./alert-sink.ts";
import { definitions, makeWorkspace, until } from "./workspace.ts";

const start = Date.parse("2026-01-01T00:00:00Z");

describe("the delivery of messages", () => {
  let storage: ReturnType<typeof openSqlite>;
  const clock = virtualClock(start);
  beforeEach(() => {
    storage = openSqlite(":memory:");
  });
  afterEach(() => storage.close());
  const put = (id: string, to = "ops") =>
    storage.decide({
      deliveries: [{ id, kind: "alert", channel: to, body: JSON.stringify(message({ id, title: id })), createdAt: clock.now() }],
    });
  /** One look of the loop; answers in how many seconds it wants to look again. */
  const look = async (url: string) => {
    const ended: string[] = [];
    const next = await deliver(
      { storage, clock, report: () => {} },
      "alert",
      (delivery, now) =>
        delivery.channel === "gone" ? undefined : sendMessage(channel({ type: "slack", url }), messageOf(delivery), now),
      () => ended.push("x"),
    );
    return next === undefined ? undefined : (next - clock.now()) / 1_000;
  };
  const states = async () => (await storage.listDeliveries()).map((one) => `${one.id} ${one.status} ${one.attempts}`);
  const answering = (...answers: SinkAnswer[]) => httpSink((_, count) => answers[count - 1]);

  test("what a service does not take now comes again: after its Retry-After, after growing pauses, in order", async () => {
    const sink = await answering({ status: 429, headers: { "retry-after": "30" } }, { status: 500 }, "drop");
    await put("1");
    await put("2");
    expect(await look(sink.url)).toBe(30);
    clock.turn(clock.now() + 29_000);
    expect(await look(sink.url)).toBe(1);
    expect(sink.requests).toHaveLength(1);
    clock.turn(clock.now() + 1_000);
    expect(await look(sink.url)).toBe(5);
    clock.turn(clock.now() + 5_000);
    expect(await look(sink.url)).toBe(15);
    expect(await states()).toEqual(["1 pending 3", "2 pending 0"]);
    clock.turn(clock.now() + 15_000);
    expect(await look(sink.url)).toBeUndefined();
    expect(await states()).toEqual(["1 sent 4", "2 sent 1"]);
    expect(sink.requests.map(({ body }) => body.text.slice(-1))).toEqual(["1", "1", "1", "1", "2"]);
    await sink.close();
  });
  test("what a service refuses is not repeated; one that is away for long is given up, and its answer kept", async () => {
    const refusing = await httpSink(() => ({ status: 404, body: "no_service" }));
    await put("1");
    await look(refusing.url);
    expect(refusing.requests).toHaveLength(1);
    expect((await storage.listDeliveries())[0]).toMatchObject({ status: "failed", answer: "404 no_service" });
    await refusing.close();
    await put("2");
    for (let next: number | undefined = 0; next !== undefined; next = await look(refusing.url))
      clock.turn(clock.now() + next * 1_000);
    expect(await states()).toEqual(["1 failed 1", "2 failed 9"]);
  });
  test("a channel that is gone from kc.yaml fails with its name, and holds up no other", async () => {
    const sink = await answering();
    await put("1", "gone");
    await put("2");
    await look(sink.url);
    expect(await states()).toEqual(["1 failed 1", "2 sent 1"]);
    expect((await storage.listDeliveries())[0]!.answer).toContain('no channel "gone"');
    await sink.close();
  });
});

describe("a platform with alerts", () => {
  const failing = `asset({ key: "fails", materialize: () => { throw new Error("boom <!channel>"); } }), asset({ key: "fine", materialize: () => {} })`;
  let workspace: ReturnType<typeof makeWorkspace>;
  let instance: TestInstance | undefined;
  const homes: string[] = [];
  afterEach(async () => {
    await instance?.stop();
    instance = undefined;
    workspace.remove();
    for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true });
  });
  const settings = `alerts:
  channels:
    ops: { type: slack, url: env:OPS_URL }
    hook: { type: webhook, url: env:HOOK_URL }
  rules:
    - { name: assets, on: [asset_failed], channels: [ops] }
    - { name: loads, on: [location_failed], channels: [hook] }
`;

  test("tells a failure once, its channel's failure on the other, and shows no secret anywhere", async () => {
    const ops = await httpSink((_, count) => (count === 1 ? { status: 403, body: "invalid_token" } : undefined));
    const hook = await httpSink();
    workspace = makeWorkspace({ team: definitions("team", failing) }, settings);
    const env = { OPS_URL: `${ops.url}/T0/s3cret-path`, HOOK_URL: `${hook.url}/` };
    instance = await testInstance({ root: workspace.root, daemon: true, env });
    const { api } = instance;
    await instance.materialize("fails");
    await until(() => hook.requests.length === 1);
    expect(hook.requests[0]!.body).toMatchObject({
      event: "channel_failed",
      subject: "ops",
      kind: "opened",
      message: "403 invalid_token",
    });
    expect(ops.requests[0]!.body.blocks[1].text.text).toContain("boom &lt;!channel&gt;");

    // The same failure again is no news; the channel takes messages again, which is.
    await instance.materialize("fails");
    expect((await api.testAlerts(["hook"])).map((one) => one.answer)).toEqual(["200 ok"]);
    await expect(api.testAlerts(["opz"])).rejects.toThrow('no alert channel "opz" in kc.yaml. Did you mean "ops"?');
    const info = await until(async () => {
      const answer = await api.alerts();
      return answer.open.some((alert) => alert.count === 2) && answer;
    });
    expect(info.open.map((alert) => `${alert.rule} ${alert.subject} ${alert.count}`).sort()).toEqual([
      "assets fails 2",
      "channel_failed ops 1",
    ]);
    expect(info.channels.find((one) => one.name === "ops")).toMatchObject({
      failing: "403 invalid_token",
      target: new URL(ops.url).host,
    });
    expect(JSON.stringify(info)).not.toContain("s3cret-path");
    expect(ops.requests).toHaveLength(1);

    // Mutes: by rule and by selection, refused when it is neither.
    await expect(api.mute({ what: "asets", for: "1h" })).rejects.toThrow('no alert rule "asets". Did you mean "assets"?');
    await expect(api.mute({ what: "assets", for: "soon" })).rejects.toThrow("not a duration");
    expect((await api.mute({ what: "assets", for: "1h" })).rule).toBe("assets");
    expect((await api.mute({ what: "key:fi*", for: "1h" })).selection).toBe("key:fi*");
    expect((await api.alerts()).mutes).toHaveLength(2);
    await api.unmute("assets");
    await expect(api.unmute("assets")).rejects.toThrow('nothing is muted as "assets"');
    await ops.close();
    await hook.close();
  });

  test("a location that breaks and loads again is told; a message that a kill held back is sent by the next host", async () => {
    const hook = await httpSink(() => ({ status: 503 }));
    workspace = makeWorkspace({ team: definitions("team", failing) }, settings);
    const env = { OPS_URL: `${hook.url}/ops`, HOOK_URL: `${hook.url}/hook` };
    const home = join(workspace.root, ".kc-home");
    homes.push(home);
    instance = await testInstance({ root: workspace.root, daemon: true, env, home, watch: true });
    const file = join(workspace.root, "locations/team/src/definitions.ts");
    writeFileSync(file, "throw new Error('broken');");
    await until(() => hook.requests.length > 0);
    const { pid } = await instance.api.health();
    process.kill(pid, "SIGKILL");
    await instance.stop();
    await hook.close();
    const later = await httpSink();
    instance = await testInstance({
      root: workspace.root,
      daemon: true,
      home,
      watch: true,
      env: { OPS_URL: later.url, HOOK_URL: later.url },
    });
    await until(() => later.requests.length === 1);
    expect(later.requests[0]!.body).toMatchObject({ kind: "opened", event: "location_failed", subject: "team" });
    expect(later.requests[0]!.headers["kc-delivery"]).toBe(hook.requests[0]!.headers["kc-delivery"]);
    writeFileSync(file, definitions("team", failing));
    await until(() => later.requests.length === 2);
    expect(later.requests[1]!.body).toMatchObject({ kind: "recovered", subject: "team" });
    await later.close();
  });
});
