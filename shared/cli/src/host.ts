import { type JoinedHost, joinHost } from "@kc/host/join";
import type { CommandContext } from "./command.ts";

/** Joins the checkout's host or starts it; the port is only a wish of whoever starts it. */
export function join(
  context: CommandContext,
  options: { daemon?: boolean; only?: string[]; port?: number } = {},
): Promise<JoinedHost> {
  return joinHost({
    root: context.root,
    ...(context.env.KC_HOME ? { home: context.env.KC_HOME } : {}),
    ...(options.only?.length ? { only: options.only } : {}),
    port: options.port ?? Number(context.env.KC_PORT ?? 3000),
    watch: true,
    writeKeys: !context.env.CI,
    lingerMs: Number(context.env.KC_LINGER_MS ?? 3_000),
    daemon: options.daemon ?? false,
  });
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
