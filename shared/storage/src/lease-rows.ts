import { type Lease, LeaseLost, type LeaseStorage } from "@kc/runtime/internal";
import type { Sql, Tx } from "./sql.ts";

/** Leases. Renewals do not wait their turn among the writes: a host whose log is behind is alive all the same. */
export function leaseRows({ db, write }: Sql): Pick<LeaseStorage, "lease" | "takeLease" | "renewLease" | "releaseLease"> {
  return {
    lease: (name) => read(db, name),

    takeLease: (name, holder, seen) =>
      write(async (tx) => {
        const present = await read(tx, name);
        if (present && !present.released && (present.term !== seen?.term || present.beat !== seen.beat)) return null;
        const next = { holder, term: (present?.term ?? 0) + 1, beat: 0, released: 0 };
        await tx
          .insertInto("leases")
          .values({ name, ...next })
          .onConflict((conflict) => conflict.column("name").doUpdateSet(next))
          .execute();
        return { name, ...next, released: false };
      }),

    async renewLease(name, term) {
      const { numUpdatedRows } = await db
        .updateTable("leases")
        .set((eb) => ({ beat: eb("beat", "+", 1) }))
        .where("name", "=", name)
        .where("term", "=", term)
        .where("released", "=", 0)
        .executeTakeFirst();
      return numUpdatedRows > 0;
    },

    releaseLease: (name, term) =>
      write(async (tx) => {
        await tx.updateTable("leases").set({ released: 1 }).where("name", "=", name).where("term", "=", term).execute();
      }),
  };
}

async function read(from: Sql["db"], name: string): Promise<Lease | null> {
  const row = await from.selectFrom("leases").selectAll().where("name", "=", name).executeTakeFirst();
  return row ? { ...row, released: row.released === 1 } : null;
}

/** @throws LeaseLost when the lease has another term by now; holds for the rest of the transaction. */
export async function holdsLease(tx: Tx, name: string, term: number): Promise<void> {
  const row = await tx.selectFrom("leases").select("term").where("name", "=", name).executeTakeFirst();
  if (row?.term !== term) throw new LeaseLost(name, term);
}
