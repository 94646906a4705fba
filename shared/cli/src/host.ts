import { differingVariables, instanceFileChanged } from "@kc/host/environment-print";
import { type JoinedHost, joinHost } from "@kc/host/join";
import type { CommandContext } from "./command.ts";
import { UserError } from "./user-error.ts";

/** How long (ms) `kc dev` waits for short commands, so that the platform serves where it is asked to. */
const patienceMs = 5_000;

/**
 * Joins the checkout's host or starts it. One that nobody keeps any more is replaced when it was started with other
 * variables, another kc.yaml, or serves on another port than is asked for. Warns when a host that goes on was started with
 * other variables: one would believe to be on the vendor and be on a stand-in, or the other way round.
 */
export async function join(
  context: CommandContext,
  options: { daemon?: boolean; only?: string[]; port?: number | undefined } = {},
): Promise<JoinedHost> {
  const home = context.env.KC_HOME ? { home: context.env.KC_HOME } : {};
  const { root } = context;
  const differs = () => differingVariables({ root, ...home, own: context.env });
  const elsewhere = (url: string) => options.port !== undefined && portOf(url) !== options.port;
  const host = await joinHost({
    root,
    ...home,
    ...(options.only?.length ? { only: options.only } : {}),
    port: options.port ?? numberOf(context, "KC_PORT", 3_000, 65_535),
    watch: true,
    writeKeys: !context.env.CI,
    lingerMs: numberOf(context, "KC_LINGER_MS", 3_000, 86_400_000),
    daemon: options.daemon ?? false,
    replace: (url) => elsewhere(url) || differs().length > 0 || instanceFileChanged({ root, ...home }),
    patienceMs: options.port === undefined ? 0 : patienceMs,
    waits: (url) =>
      context.warn(`kc: a command keeps the platform at ${url}; waiting for its end, to serve at port ${options.port}`),
  });
  const others = host.started ? [] : differs();
  if (others.length > 0) context.warn(otherEnvironment(others));
  return host;
}

export const portOf = (url: string): number => Number(new URL(url).port || 80);

/** The port that a variable asks for, when it asks for one. */
export const wishedPort = (context: CommandContext): number | undefined =>
  context.env.KC_PORT ? numberOf(context, "KC_PORT", 3_000, 65_535) || undefined : undefined;

/** @throws UserError when the variable is no whole number up to `most`. */
function numberOf({ env }: CommandContext, name: string, fallback: number, most: number): number {
  const text = env[name] || String(fallback);
  if (/^\d{1,9}$/.test(text) && Number(text) <= most) return Number(text);
  throw new UserError(`the variable ${name} is "${text}"`, `It must be a whole number from 0 to ${most}.`);
}

/** The names only: values may be secrets. */
export function otherEnvironment(names: readonly string[]): string {
  const list = names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0];
  return `kc: the running platform was started with another ${list}; stop it (Ctrl-C in its kc dev; without one it ends by itself in some seconds) to use ${names.length > 1 ? "these" : "this one"}`;
}

/** What to say when the running host has read another kc.yaml than the one that is there now. */
export function changedInstanceFile({ root, env }: CommandContext): string | undefined {
  const home = env.KC_HOME ? { home: env.KC_HOME } : {};
  return instanceFileChanged({ root, ...home })
    ? "kc.yaml has changed since the platform started: restart it (Ctrl-C in its kc dev; without one it ends by itself in some seconds)"
    : undefined;
}

/** Joins, does something with the host, and lets go of it. */
export async function withHost<T>(context: CommandContext, work: (host: JoinedHost) => Promise<T>): Promise<T> {
  const host = await join(context);
  try {
    return await work(host);
  } finally {
    host.leave();
  }
}
