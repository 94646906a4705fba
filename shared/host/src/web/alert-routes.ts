import { z } from "@hono/zod-openapi";
import { type AlertMessage, type Delivery, didYouMean, durationMs, iso, noAddressees } from "@kc/runtime/internal";
import { messageOf } from "../alerts/deliver.ts";
import { addMute, endMute, type Mute, readMutes } from "../alerts/mutes.ts";
import { ruleProblems } from "../alerts/rule-problems.ts";
import { limitOf, ruleScopes, rulesOf } from "../alerts/rules.ts";
import { sendMessage } from "../alerts/send.ts";
import type { ChannelSettings } from "../alerts/settings.ts";
import {
  alertsInfoSchema,
  alertTestRequestSchema,
  alertTestSchema,
  muteRequestSchema,
  muteSchema,
  unmuteRequestSchema,
} from "../client/alert-schemas.ts";
import { newId } from "../runs/submit.ts";
import type { WebContext } from "./context.ts";
import { type App, get, list, NotFound, none, post } from "./route.ts";

const instant = (ms: number | null): string | null => (ms === null ? null : iso(ms));
const viewMute = (mute: Mute) => ({ ...mute, until: iso(mute.until) });

/** Where a channel leads, without what would let one write to it. */
function targetOf(channel: ChannelSettings): string {
  switch (channel.type) {
    case "smtp":
      return `${channel.to.join(", ") || "owners"} by ${channel.host}:${channel.port}`;
    case "telegram":
      return `chat ${channel.chat_id}`;
    default:
      return new URL(channel.url).host;
  }
}

export function alertRoutes(app: App, context: WebContext): void {
  const { storage, workspace, log, daemon, now, changes, alerts: settings } = context;
  /** The host that decides may be another one: it hears of it from the log. */
  const tell = async (message: string) => {
    await log.append([{ type: "instigator_changed", at: now(), message }]);
    daemon.wake();
    changes.tell("alerts");
  };
  const rules = rulesOf(settings);

  const viewDelivery = (delivery: Delivery) => {
    const { title, kind } = messageOf(delivery);
    const { id, channel, status, attempts, createdAt, nextAt, endedAt, answer } = delivery;
    return {
      id,
      channel,
      title,
      kind,
      status,
      attempts,
      createdAt: iso(createdAt),
      nextAt: status === "pending" ? iso(nextAt) : null,
      endedAt: instant(endedAt),
      answer,
    };
  };

  app.openapi(
    get(
      "/api/alerts",
      "Alert rules, channels (without secrets), open alerts, mutes, the last deliveries",
      none,
      alertsInfoSchema,
    ),
    async (c) => {
      const mutes = await readMutes(storage, now());
      const scopes = ruleScopes(workspace.graph(), mutes, now());
      const definitions = {
        graph: workspace.graph(),
        locations: workspace.locations().flatMap((state) => state.snapshot ?? []),
        names: workspace.names(),
      };
      const problemOf = (rule: (typeof rules)[number]) =>
        ruleProblems(rule, settings.teams, definitions).find((one) => one.severity === "error");
      const channels = Object.entries(settings.channels).map(async ([name, channel]) => {
        const [last] = await storage.listDeliveries({
          kind: "alert",
          channel: name,
          statuses: ["sent", "failed"],
          limit: 1,
          order: "newest",
        });
        return {
          name,
          type: channel.type,
          target: targetOf(channel),
          rateLimit: limitOf(settings, name),
          failing: last?.status === "failed" ? (last.answer ?? "no answer") : null,
        };
      });
      return c.json(
        {
          channels: await Promise.all(channels),
          rules: rules.map((rule) => ({
            name: rule.name,
            on: [...rule.on],
            select: rule.select ?? null,
            locations: rule.locations ? [...rule.locations] : null,
            severity: rule.severity,
            channels: [...rule.channels],
            owners: rule.owners,
            recovered: rule.recovered,
            remindEveryMs: rule.remindEveryMs ?? null,
            rateLimit: rule.rateLimit ?? null,
            mutedUntil: instant(scopes.mutedUntil(rule, { assets: [] }) ?? null),
            problem: problemOf(rule)?.message ?? null,
          })),
          open: [...(await storage.alerts()).values()].map((alert) => ({
            key: alert.key,
            rule: alert.rule,
            event: alert.event,
            subject: alert.subject,
            severity: alert.severity,
            title: alert.title,
            message: alert.message ?? null,
            assets: [...alert.assets],
            location: alert.location ?? null,
            runId: alert.runId ?? null,
            openedAt: iso(alert.openedAt),
            toldAt: instant(alert.toldAt),
            count: alert.count,
          })),
          mutes: mutes.map(viewMute),
          deliveries: (await storage.listDeliveries({ kind: "alert", limit: 50, order: "newest" })).map(viewDelivery),
        },
        200,
      );
    },
  );

  app.openapi(
    post("/api/alerts/mute", "Say nothing of a rule, or of assets, for a while", muteRequestSchema, muteSchema),
    async (c) => {
      const body = c.req.valid("json");
      const mute = await addMute(storage, {
        what: body.what,
        forMs: durationMs(body.for, "for"),
        now: now(),
        rules: rules.map((rule) => rule.name),
        graph: workspace.graph(),
      });
      await tell(`alerts about ${body.what} muted`);
      return c.json(viewMute(mute), 200);
    },
  );

  app.openapi(
    post("/api/alerts/unmute", "End mutes by id, rule or selection", unmuteRequestSchema, z.object({ ended: z.number() })),
    async (c) => {
      const { what } = c.req.valid("json");
      const ended = await endMute(storage, what, now());
      if (ended === 0) throw new NotFound(`nothing is muted as "${what}"`);
      await tell(`alerts about ${what} unmuted`);
      return c.json({ ended }, 200);
    },
  );

  app.openapi(
    post(
      "/api/alerts/test",
      "Send a real test message and tell each service's answer",
      alertTestRequestSchema,
      list(alertTestSchema),
    ),
    async (c) => {
      const names = c.req.valid("json").channels ?? Object.keys(settings.channels);
      for (const name of names)
        if (!settings.channels[name])
          throw new NotFound(
            `there is no alert channel "${name}" in kc.yaml.${didYouMean(name, Object.keys(settings.channels))}`,
          );
      const answers = names.map(async (channel) => {
        const { taken, answer } = await sendMessage(settings.channels[channel]!, testMessage(channel, now()), now());
        return { channel, taken, answer };
      });
      return c.json(await Promise.all(answers), 200);
    },
  );
}

function testMessage(channel: string, now: number): AlertMessage {
  return {
    id: `test|${newId(now)}|${channel}`,
    kind: "test",
    rule: "test",
    event: null,
    subject: channel,
    severity: "warn",
    title: `Test of channel ${channel}`,
    message: "kc alerts test sent this: the channel works.",
    assets: [],
    location: null,
    run_id: null,
    count: 1,
    opened_at: iso(now),
    at: iso(now),
    url: null,
    owners: [],
    more: [],
    to: noAddressees,
  };
}
