import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { AlertsSettings } from "./settings.ts";

/** The settings with the files of `ca:` as they lie from the folder of kc.yaml, and those that are not there. */
export function withAuthorities(
  settings: AlertsSettings,
  folder: string,
): { settings: AlertsSettings; missing: { path: string[]; message: string }[] } {
  const missing: { path: string[]; message: string }[] = [];
  const channels = Object.entries(settings.channels).map(([name, channel]) => {
    if (channel.type !== "smtp" || channel.ca === undefined) return [name, channel] as const;
    const ca = resolve(folder, channel.ca);
    if (!existsSync(ca)) missing.push({ path: ["alerts", "channels", name, "ca"], message: `there is no file ${ca}` });
    return [name, { ...channel, ca }] as const;
  });
  return { settings: { ...settings, channels: Object.fromEntries(channels) }, missing };
}
