import type { ApiClient } from "@kc/host/client";
import type { CommandContext } from "./command.ts";

/** Who holds slots and why something waits only the host that leads knows: another one says so, rather than show nothing. */
export async function tellStandingBy(api: Pick<ApiClient, "health">, context: Pick<CommandContext, "warn">): Promise<void> {
  const { leader } = await api.health();
  if (leader && !leader.leads)
    context.warn(`this host stands by: ${leader.host} (${leader.url}) leads, and knows who holds slots and what waits for what`);
}
