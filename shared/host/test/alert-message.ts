import type { AlertMessage } from "@kc/runtime/internal";
import { alertsSchema, type ChannelSettings } from "../src/alerts/settings.ts";

/** A message about a failed asset. */
export const message = (more: Partial<AlertMessage> = {}): AlertMessage => ({
  id: "nightly|asset_failed|shop/orders|1|opened",
  kind: "opened",
  rule: "nightly",
  event: "asset_failed",
  subject: "shop/orders",
  severity: "error",
  title: "Asset shop/orders failed",
  message: "boom\nat orders.ts:3",
  assets: ["shop/orders"],
  location: "shop",
  run_id: "r1",
  count: 1,
  opened_at: "2026-01-01T00:00:00.000Z",
  at: "2026-01-01T00:00:00.000Z",
  url: "http://localhost:3000/assets/shop/orders",
  owners: ["team:shop"],
  more: [],
  to: { emails: [], slack: ["<!subteam^S0123>"], discord: ["<@&42>", "<@7>"], telegram: ["@shopteam"] },
  ...more,
});

/** A channel with its defaults, as kc.yaml would give it. */
export const channel = (settings: Record<string, unknown>): ChannelSettings =>
  alertsSchema.parse({ channels: { one: settings } }).channels.one!;
