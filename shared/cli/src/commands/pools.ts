import type { Pool } from "@kc/host/client";
import { type Command, jsonOption, noMore, requireVerb, UsageError } from "../command.ts";
import { withHost } from "../host.ts";
import { nearOrAll } from "../nearest-name.ts";
import { tellStandingBy } from "../standing-by.ts";
import { table } from "../table.ts";

export const command: Command = {
  summary: "Show pools, who holds and who waits for their slots, and set limits.",
  usage: "<list | set NAME SLOTS | unset NAME>",
  options: jsonOption,
  examples: [
    ["kc pools", "slots, holders, and who waits"],
    ["kc pools set warehouse 4", "a limit that stays and wins over kc.yaml; 0 pauses the pool"],
    ["kc pools unset warehouse", "what kc.yaml says counts again"],
  ],
  async run({ values, positionals, context }) {
    const [verb = "list", name, slots, ...more] = positionals;
    requireVerb("pools", verb, ["list", "set", "unset"]);
    if (verb === "list") noMore(positionals.slice(1));
    if (verb !== "list" && !name) throw new UsageError(`which pool? kc pools shows them`);
    if (verb === "set" && !/^\d{1,6}$/.test(slots ?? ""))
      throw new UsageError(
        `how many slots?${slots ? ` "${slots}" is none.` : ""} A whole number from 0, as in: kc pools set ${name} 4`,
      );
    noMore(verb === "unset" && slots !== undefined ? [slots] : more);
    return withHost(context, async ({ api }) => {
      await api.settled();
      const pools = verb === "list" ? await api.pools() : [await api.setPool(name!, verb === "set" ? Number(slots) : null)];
      if (verb === "set" && !pools[0]!.used) context.warn(unused(name!, await api.pools()));
      if (values.json) context.print(JSON.stringify(pools, null, 2));
      else context.print(listed(pools));
      await tellStandingBy(api, context);
      return 0;
    });
  },
};

/** A limit of a pool that no step names holds nothing back: it may be mistyped, or of a step that is still to come. */
function unused(name: string, pools: readonly Pool[]): string {
  const used = pools.filter((one) => one.used).map((one) => one.name);
  return `kc pools: no step takes slots of pool "${name}": the limit is kept and holds nothing back.${used.length > 0 ? nearOrAll(name, used) : ""}\n    kc pools unset ${name} takes it back.`;
}

function listed(pools: readonly Pool[]): string {
  if (pools.length === 0) return 'no asset names a pool: pool: "warehouse" on an asset does';
  const who = (one: { runId: string; step: string }) => `${one.runId}${one.step ? ` ${one.step}` : ""}`;
  return table(
    ["pool", "slots", "taken", "from", "waited for by", "held by", "waiting", ""],
    pools.map((pool) => [
      pool.name,
      pool.slots ?? "no limit",
      pool.taken,
      pool.by === "none" ? "" : pool.by,
      pool.granularity,
      pool.holders.map(who).join(", "),
      pool.waiting.map(who).join(", "),
      pool.used ? "" : "no step uses it",
    ]),
  );
}
