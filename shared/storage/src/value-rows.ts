import type { Storage } from "@kc/runtime/internal";
import type { Sql, Tx } from "./sql.ts";

/** Small values by name. */
export function valueRows({ db, write }: Sql): Pick<Storage, "getValue" | "setValue"> {
  return {
    async getValue(name) {
      return (await db.selectFrom("entries").select("value").where("name", "=", name).executeTakeFirst())?.value ?? null;
    },

    setValue: (name, value) => write((tx) => putValue(tx, name, value)),
  };
}

/** Sets a small value by name. */
export async function putValue(tx: Tx, name: string, value: string): Promise<void> {
  await tx
    .insertInto("entries")
    .values({ name, value })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ value }))
    .execute();
}
