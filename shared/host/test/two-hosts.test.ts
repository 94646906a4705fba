import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "@kc/standin-postgres";
import { openPostgres } from "@kc/storage/postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { definitions, makeWorkspace, until } from "./workspace.ts";

// Two host processes on one PostgreSQL, as two machines would be: a home each, nothing in common but the database.

const folder = mkdtempSync(join(tmpdir(), "kc-two-"));
const output = mkdtempSync(join(tmpdir(), "kc-two-out-"));
const before = `
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
const mark = (env: Record<string, string | undefined>, name: string, runId: string) => appendFileSync(join(env.OUTPUT_DIR!, name + ".marks"), runId + "\\n");
`;
const workspace = makeWorkspace(
  {
    team: definitions(
      "team",
      `asset({ key: "second", materialize({ env, run }) { mark(env, "second", run.id); } }),
       asset({ key: "quick", materialize({ env, run }) { mark(env, "quick", run.id); } }),
       asset({ key: "held", async materialize({ env, run, signal }) {
         mark(env, "held", run.id);
         while (!existsSync(join(env.OUTPUT_DIR!, "held.go"))) { signal.throwIfAborted(); await new Promise((resolve) => setTimeout(resolve, 20)); }
         mark(env, "held-end", run.id);
       } })`,
      before,
      `schedules: [schedule({ name: "each_second", cron: "* * * * * *", target: "second", missed: { catchUp: 100 }, defaultStatus: "running" })]`,
    ),
  },
  "storage: { postgres: { url: env:DATABASE_URL } }\ndaemon: { lease_ttl: 3s }\n",
);
let server: Awaited<ReturnType<typeof startPostgres>>;
let url: string;
beforeAll(async () => {
  server = await startPostgres({ stateDir: folder });
  url = server.url;
});
afterAll(async () => {
  await server.stop();
  workspace.remove();
  for (const one of [folder, output]) rmSync(one, { recursive: true, force: true });
});

interface Host extends TestInstance {
  pid: number;
  leads(): Promise<boolean>;
}
const start = async (home = mkdtempSync(join(tmpdir(), "kc-home-"))): Promise<Host> => {
  const env = { DATABASE_URL: url, OUTPUT_DIR: output };
  const instance = await testInstance({ root: workspace.root, home, env, daemon: true });
  const { pid } = await instance.api.health();
  return { ...instance, pid, leads: async () => (await instance.api.health()).leader?.leads ?? false };
};
const marks = (name: string): string[] => {
  const file = join(output, `${name}.marks`);
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
};

/** Each tick of the time asked about has exactly one run, and no run was begun twice. */
async function ticksOnceEach(): Promise<void> {
  const storage = await openPostgres(url);
  try {
    const ticks = (await storage.listTicks({ name: "each_second", limit: 10_000 })).filter((tick) => !tick.manual);
    const times = ticks.map((tick) => tick.at).sort((a, b) => a - b);
    expect(times).toEqual(times.map((_, index) => times[0]! + index * 1_000));
    const runs = (await storage.listRuns({ limit: 10_000 })).filter((run) => run.runKey?.startsWith("schedule:"));
    expect(runs.map((run) => run.runKey).sort()).toEqual(
      ticks
        .filter((tick) => tick.status === "success")
        .map((tick) => `schedule:team/each_second:${tick.at}:0`)
        .sort(),
    );
    for (const name of ["second", "quick"]) expect(new Set(marks(name)).size).toBe(marks(name).length);
  } finally {
    await storage.close();
  }
}

describe("two hosts on one PostgreSQL", () => {
  test("one leads and the other stands by: both serve, and hear of the same events", { timeout: 120_000 }, async () => {
    const [one, two] = [await start(), await start()];
    expect([await one.leads(), await two.leads()]).toEqual([true, false]);
    const leader = (await two.api.health()).leader!;
    expect(leader).toMatchObject({ leads: false, pid: one.pid, url: one.url });
    expect((await two.api.workspace()).daemons).toEqual([]);
    expect(((await (await fetch(`${two.url}/health`)).json()) as { leader: unknown }).leader).toEqual(leader);

    // Asked for here, carried out there, followed here.
    const { runs, events } = await two.materialize("quick");
    expect(runs[0]!.status).toBe("succeeded");
    expect(events.map((event) => event.type)).toContain("materialization");

    await expect(two.api.tickNow("schedules", "team", "each_second")).rejects.toThrow(
      `this host stands by: ${leader.host} (process ${one.pid}, ${one.url}) leads`,
    );
    const held = await two.api.submit({ selection: "held" });
    await until(() => marks("held").length === 1);
    await two.api.cancel(held.runs[0]!.id);
    expect((await two.finish(held)).runs[0]!.status).toBe("cancelled");

    // A clean stop hands over at once.
    await one.stop();
    const stopped = Date.now();
    await until(() => two.leads(), 5_000);
    expect(Date.now() - stopped).toBeLessThan(3_000);
    expect((await two.materialize("quick")).runs[0]!.status).toBe("succeeded");

    // Killed in the middle of a run: the other ends it, and goes on with what waits.
    const three = await start();
    const going = await three.api.submit({ selection: "held" });
    await until(() => marks("held").length === 2);
    const waiting = await Promise.all(Array.from({ length: 12 }, () => three.api.submit({ selection: "quick" })));
    process.kill(two.pid, "SIGKILL");
    const killed = Date.now();
    await until(() => three.leads(), 10_000);
    expect(Date.now() - killed).toBeLessThan(10_000);
    const [failed] = (await three.finish(going)).runs;
    expect(failed).toMatchObject({
      status: "failed",
      reason: expect.stringContaining(`process ${two.pid}) was stopped or killed while`),
    });
    for (const one of waiting) {
      const [run] = (await three.finish(one)).runs;
      // What the killed host had begun has failed; everything else was made, once.
      if (run!.status !== "succeeded") expect(run!.reason).toContain("was stopped or killed");
    }
    await until(async () => marks("second").length > 3);
    await ticksOnceEach();

    // Paused, as by a machine that hangs: it is deposed, and what it wakes up to do is refused.
    const four = await start();
    const paused = await four.api.submit({ selection: "held" });
    await until(() => marks("held").length === 3);
    process.kill(three.pid, "SIGSTOP");
    const hung = Date.now();
    try {
      await until(() => four.leads(), 15_000);
      expect(Date.now() - hung).toBeLessThan(10_000);
      const [run] = (await four.finish(paused)).runs;
      expect(run).toMatchObject({ status: "failed", reason: expect.stringContaining("no longer answered") });
      expect((await four.materialize("quick")).runs[0]!.status).toBe("succeeded");
    } finally {
      process.kill(three.pid, "SIGCONT");
    }
    await until(async () => (await three.api.health()).leader?.pid === four.pid);
    expect(await three.leads()).toBe(false);
    const eventsOf = async () => (await four.api.runEvents(paused.runs[0]!.id, { limit: 10_000 })).map((event) => event.id);
    const known = await eventsOf();
    // Deposed, it has ended the worker: the step that was going on never says that it succeeded.
    expect(await three.materialize("quick").then(({ runs }) => runs[0]!.status)).toBe("succeeded");
    expect(await eventsOf()).toEqual(known);
    expect(marks("held-end")).toEqual([]);
    await ticksOnceEach();
    await three.stop();
    await four.stop();
  });
});

test("two hosts on one SQLite file: the second is refused, naming the file and the remedy", async () => {
  const file = join(output, "shared.db");
  const sqlite = makeWorkspace(
    { team: definitions("team", `asset({ key: "a", materialize: () => {} })`) },
    `storage: { sqlite: { path: ${file} } }\n`,
  );
  const homes = [1, 2].map(() => mkdtempSync(join(tmpdir(), "kc-home-")));
  const first = await testInstance({ root: sqlite.root, home: homes[0]! });
  await expect(testInstance({ root: sqlite.root, home: homes[1]! })).rejects.toThrow(
    `another host process has the instance database ${file}: an SQLite file serves one host`,
  );
  expect((await first.materialize("a")).runs[0]!.status).toBe("succeeded");
  await first.stop();
  const second = await testInstance({ root: sqlite.root, home: homes[1]! });
  expect((await second.api.runs()).length).toBe(1);
  await second.stop();
  sqlite.remove();
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});
