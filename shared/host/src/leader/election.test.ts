import { LeaseLost, type Storage } from "@kc/runtime/internal";
import { openMemory } from "@kc/storage/memory";
import { afterEach, describe, expect, test } from "vitest";
import { type Election, startElection, type Term } from "./election.ts";

// Two candidates on one storage, each with a steady clock that the test turns.

const elections: Election[] = [];
afterEach(async () => {
  await Promise.all(elections.splice(0).map((one) => one.stop()));
});

function candidate(storage: Storage, name: string, more: { lead?(term: Term): Promise<void> } = {}) {
  const state = { now: 0, terms: [] as Term[], deposed: 0, reports: [] as string[] };
  const holder = { id: name, host: name, pid: 1, url: "", since: 0, machine: "another", spool: "" };
  const election = startElection({
    storage,
    holder: () => holder,
    ttlMs: 50,
    steady: () => state.now,
    lead: async (term) => {
      state.terms.push(term);
      await more.lead?.(term);
    },
    depose: async () => void state.deposed++,
    report: (line) => state.reports.push(line),
  });
  elections.push(election);
  return Object.assign(state, { election });
}
const turn = () => new Promise((resolve) => setTimeout(resolve, 40));

describe("the election of the leader", () => {
  test("the first leads, the second knows who does and waits as long as it is told of life", async () => {
    const storage = openMemory();
    const one = candidate(storage, "one");
    await one.election.decided;
    const two = candidate(storage, "two");
    await two.election.decided;
    expect(one.election.lease()).toMatchObject({ leads: true, term: 1 });
    expect(two.election.lease()).toMatchObject({ leads: false, holder: { host: "one" } });
    for (let at = 1; at <= 5; at++) {
      two.now = at * 1_000;
      await turn();
    }
    expect(two.terms).toEqual([]);
  });

  test("a lease that is given up is taken at once, and its holder counts as ended", async () => {
    const storage = openMemory();
    const one = candidate(storage, "one");
    await one.election.decided;
    const two = candidate(storage, "two");
    await two.election.decided;
    await one.election.stop();
    await expect.poll(() => two.terms.length).toBe(1);
    expect(two.terms[0]).toMatchObject({ number: 2, predecessor: { ended: true, holder: { host: "one" } } });
  });

  test("one that keeps silent is deposed; what it confirms then fails, and it stands by", async () => {
    const storage = openMemory();
    const one = candidate(storage, "one");
    await one.election.decided;
    const { renewLease } = storage;
    // Paused: nothing of it reaches the storage.
    storage.renewLease = async () => true;
    const two = candidate(storage, "two");
    await two.election.decided;
    two.now = 49;
    await turn();
    expect(two.terms).toEqual([]);
    two.now = 60;
    await expect.poll(() => two.terms.length).toBe(1);
    storage.renewLease = renewLease;
    expect(two.terms[0]!.predecessor).toMatchObject({ ended: false });
    one.now = 1_000;
    await expect(one.terms[0]!.confirm()).rejects.toThrow(LeaseLost);
    expect(one.deposed).toBe(1);
    await two.terms[0]!.confirm();
  });

  test("a leader that was paused asks before it confirms, and goes on when nobody took over", async () => {
    const one = candidate(openMemory(), "one");
    await one.election.decided;
    one.now = 10_000;
    await one.terms[0]!.confirm();
    expect(one.deposed).toBe(0);
  });

  test("a storage that is away deposes nobody, and its being away is no silence of the leader", async () => {
    const storage = openMemory();
    const one = candidate(storage, "one");
    await one.election.decided;
    const two = candidate(storage, "two");
    await two.election.decided;
    const { lease, renewLease } = storage;
    storage.lease = storage.renewLease = async () => {
      throw new Error("away");
    };
    await turn();
    two.now = 5_000;
    await turn();
    Object.assign(storage, { lease, renewLease });
    await turn();
    expect([one.deposed, two.terms.length]).toEqual([0, 0]);
    expect(two.reports).toContain("the lease: away");
  });

  test("one that cannot begin to lead gives the lease up and says why", async () => {
    const storage = openMemory();
    const one = candidate(storage, "one", { lead: () => Promise.reject(new Error("no pool")) });
    await expect(one.election.decided).rejects.toThrow("no pool");
    await one.election.stop();
    expect((await storage.lease("daemon"))!.released).toBe(true);
  });
});
