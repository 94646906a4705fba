import type { AlertMessage } from "@kc/runtime/internal";
import { clean, oneLine, shorten } from "./text.ts";

/** A request as it goes to a service. */
export interface HttpForm {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** What a service said: taken, not now, or never. Times in ms. */
export type Verdict = { taken: boolean; retry: boolean; afterMs?: number; answer: string };

const marks = { error: "🔴", warn: "🟡", good: "🟢", test: "🔵" } as const;

export const mark = ({ kind, severity }: AlertMessage): string =>
  kind === "recovered" ? marks.good : kind === "test" ? marks.test : marks[severity];

export const titleOf = (message: AlertMessage): string =>
  oneLine(message.kind === "reminder" ? `Still: ${message.title}` : message.title);

/** The text under the title: what is known, and of a summary the titles it stands for. */
export const bodyOf = (message: AlertMessage): string =>
  clean([...message.more.map((title) => `• ${oneLine(title)}`), message.message].filter(Boolean).join("\n"));

/** Facts of a message by name, each short. */
export function factsOf(message: AlertMessage): [string, string][] {
  const facts: [string, string][] = [
    ["rule", message.rule],
    ["event", message.event ?? ""],
    ["location", message.location ?? ""],
    [
      "assets",
      message.assets.length > 5
        ? `${message.assets.slice(0, 5).join(", ")} and ${message.assets.length - 5} more`
        : message.assets.join(", "),
    ],
    ["run", message.run_id ?? ""],
    ["owners", message.owners.join(", ")],
    ["since", message.kind === "opened" || message.kind === "test" ? "" : message.opened_at],
    ["at", message.at],
  ];
  return facts.filter(([, value]) => value !== "").map(([name, value]) => [name, shorten(oneLine(value), 300)]);
}

/** Milliseconds of a Retry-After header: seconds or an HTTP date. */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (!header) return undefined;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 3_600_000) : undefined;
}
