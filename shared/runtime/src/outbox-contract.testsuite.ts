import { expect, test } from "vitest";
import type { AlertState } from "./alert.ts";
import type { NewDelivery } from "./outbox.ts";
import type { Storage } from "./storage.ts";

const delivery = (id: string, more: Partial<NewDelivery> = {}): NewDelivery => ({
  id,
  kind: "alert",
  channel: "ops",
  body: "{}",
  createdAt: 1_000,
  ...more,
});
const alert = (key: string, more: Partial<AlertState> = {}): AlertState => ({
  key,
  rule: "r",
  event: "run_failed",
  subject: key,
  severity: "error",
  title: key,
  assets: [],
  openedAt: 1,
  toldAt: 1,
  count: 1,
  ...more,
});

/** The rules of the outbox that every implementation of `Storage` keeps. */
export function outboxContract(open: () => Storage): void {
  test("a decision is stored as one; a delivery decided twice is stored once and keeps its state", async () => {
    const storage = open();
    await storage.decide({ deliveries: [delivery("1"), delivery("2")], alerts: [alert("a")], values: { "alerts.cursor": "7" } });
    await storage.updateDelivery("1", { status: "sent", attempts: 1, endedAt: 5, answer: "ok" });
    await storage.decide({ deliveries: [delivery("1", { body: "other" }), delivery("3")], alerts: [alert("a", { count: 2 })] });
    expect((await storage.listDeliveries()).map(({ id, status, body }) => `${id} ${status} ${body}`)).toEqual([
      "1 sent {}",
      "2 pending {}",
      "3 pending {}",
    ]);
    expect((await storage.listDeliveries({ limit: 1 }))[0]).toMatchObject({ attempts: 1, endedAt: 5, answer: "ok" });
    expect((await storage.alerts()).get("a")?.count).toBe(2);
    expect(await storage.getValue("alerts.cursor")).toBe("7");
  });
  test("deliveries are found by kind, channel, status and due instant, oldest or newest first", async () => {
    const storage = open();
    await storage.decide({
      deliveries: [delivery("1"), delivery("2", { channel: "mail" }), delivery("3", { kind: "lineage", createdAt: 9_000 })],
    });
    const ids = async (params: Parameters<Storage["listDeliveries"]>[0]) =>
      (await storage.listDeliveries(params)).map((one) => one.id);
    expect(await ids({ kind: "alert" })).toEqual(["1", "2"]);
    expect(await ids({ channel: "mail" })).toEqual(["2"]);
    expect(await ids({ dueAt: 1_000 })).toEqual(["1", "2"]);
    expect(await ids({ order: "newest", limit: 2 })).toEqual(["3", "2"]);
    await storage.updateDelivery("1", { nextAt: 5_000, attempts: 1 });
    expect(await ids({ dueAt: 4_999, statuses: ["pending"] })).toEqual(["2"]);
    expect(await ids({ statuses: [] })).toEqual([]);
  });
  test("an alert that is over is gone; old deliveries go when they have ended, never before", async () => {
    const storage = open();
    await storage.decide({ deliveries: [delivery("1"), delivery("2")], alerts: [alert("a"), alert("b")] });
    await storage.decide({ closed: ["a", "unknown"] });
    expect([...(await storage.alerts()).keys()]).toEqual(["b"]);
    await storage.updateDelivery("1", { status: "failed", endedAt: 10 });
    expect(await storage.pruneDeliveries(10)).toBe(0);
    expect(await storage.pruneDeliveries(11)).toBe(1);
    expect((await storage.listDeliveries()).map((one) => one.id)).toEqual(["2"]);
  });
}
